import pickle

import numpy as np
import pytest
from PIL import Image

from tinygmp.errors import DataError
from tinygmp.recipes.images import (
    SmallImages,
    class_folders,
    normalised,
    open_cifar10,
    open_imagenet,
    read_cifar_batch,
)


def write_batches(root, count=4):
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        data = rng.integers(0, 256, (count, 3072), dtype=np.uint8)
        batch = {b"data": data, b"labels": list(range(count)), b"batch_label": name.encode()}
        stored = pickle.dumps(batch, protocol=3)
        (folder / name).write_bytes(stored.replace(b"numpy._core", b"numpy.core"))  # as numpy 1 wrote it
    return folder


def test_python_batches_are_channel_planes(tmp_path):
    folder = write_batches(tmp_path)
    pixels, labels = read_cifar_batch(folder / "test_batch")
    last = np.random.default_rng(0).integers(0, 256, (6, 4, 3072), dtype=np.uint8)
    raw = last[5]
    assert pixels[2, 5, 7].tolist() == [int(raw[2, plane * 1024 + 5 * 32 + 7]) for plane in range(3)]
    assert labels.tolist() == [0, 1, 2, 3]
    train, test = open_cifar10(tmp_path, True), open_cifar10(tmp_path, False)
    assert (len(train), len(test), train.augment, test.augment) == (20, 4, True, False)


class Attack:
    def __reduce__(self):
        return (print, ("this must not run",))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pickle",
        pickle.dumps({b"data": Attack(), b"labels": []}),
        pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}),
        pickle.dumps({b"data": np.zeros((2, 100), np.uint8), b"labels": [1, 2]}),
        pickle.dumps({b"labels": [1, 2]}),
    ],
)
def test_damaged_or_hostile_batches_are_refused(tmp_path, content, capsys):
    path = tmp_path / "data_batch_1"
    path.write_bytes(content)
    with pytest.raises(DataError, match="data_batch_1"):
        read_cifar_batch(path)
    assert "must not run" not in capsys.readouterr().out


def write_folders(root, side=40):
    for split in ("train", "val", "test"):
        for number, name in enumerate(("cat", "dog", "ant")):
            (root / split / name).mkdir(parents=True)
            for index in range(2):
                image = Image.new(
                    "L" if index else "RGB", (side, side + 8), 100 * number if index else (100 * number,) * 3
                )
                image.save(root / split / name / f"{index}.png")


def test_class_folders_are_sorted_and_decoded_to_one_size(tmp_path):
    write_folders(tmp_path)
    _, labels, names = class_folders(tmp_path / "train")
    assert names == ["ant", "cat", "dog"]
    assert labels.tolist() == [0, 0, 1, 1, 2, 2]
    for train in (True, False):
        data = open_imagenet(tmp_path, train, size=28)
        image, label = data.sample(3, np.random.default_rng(0))
        assert (image.shape, image.dtype, label) == ((3, 28, 28), np.float32, 1)
        assert image[0].std() < 1e-6


def test_cifar_as_class_folders(tmp_path):
    write_folders(tmp_path, side=32)
    for path in tmp_path.rglob("*.png"):
        Image.open(path).resize((32, 32)).save(path)
    data = open_cifar10(tmp_path, train=True)
    assert data.pixels.shape == (6, 32, 32, 3)


def test_augmentation_depends_on_the_generator_only_and_keeps_the_shape():
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    data = SmallImages(pixels, np.array([7]), augment=True)
    first, again, other = (data.sample(0, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert first.shape == (3, 32, 32)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


def test_normalisation_by_hand():
    image = np.full((1, 1, 3), 255, np.uint8)
    assert normalised(image, (0.5, 0.0, 1.0), (0.5, 2.0, 1.0)).reshape(-1).tolist() == [1.0, 0.5, 0.0]


def test_missing_and_damaged_images_are_named(tmp_path):
    with pytest.raises(DataError, match="no images in"):
        open_imagenet(tmp_path, True)
    write_folders(tmp_path)
    (tmp_path / "val" / "ant" / "0.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"0.png' cannot be decoded"):
        open_imagenet(tmp_path, False).sample(0, np.random.default_rng(0))
    with pytest.raises(DataError, match="expected uint8"):
        SmallImages(np.zeros((1, 2, 2, 3)), np.zeros(1))
