"""Labelled images from folders, CIFAR-10 batches and arrays, all synthetic: what is read, and every complaint."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tinygmp.data.labelled_pixels import LabelledPixels, Parts
from tinygmp.data.training_images import Reading, held_apart, open_training_images
from tinygmp.errors import ConfigError, DataError
from tinygmp.train.fit_network import TrainSettings, batches

SMALL = Reading(16)


@pytest.fixture
def folder(tmp_path):
    """Two classes of noise around a dark and a light grey, stored grey, 20 wide and 16 high."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 15), ("test", 4)):
        for label, level in (("dark", 60), ("light", 190)):
            place = tmp_path / "synthetic" / part / label
            place.mkdir(parents=True)
            for index in range(count):
                pixels = np.clip(rng.normal(level, 20, (16, 20)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{index:02}.png")
    return tmp_path / "synthetic"


def arrays(**changes):
    rng = np.random.default_rng(0)
    made = {
        "pixels": rng.integers(0, 256, (20, 16, 16, 3), np.uint8),
        "labels": np.arange(20) % 2,
        "test_pixels": rng.integers(0, 256, (4, 16, 16, 3), np.uint8),
        "test_labels": np.arange(4) % 2,
    }
    return made | changes


def test_grey_pictures_have_three_equal_channels_of_their_centred_square(folder):
    images = open_training_images(folder, SMALL, classes=2)
    assert (np.ptp(images.train.pixels, axis=3) == 0).all()
    assert (len(images.train), len(images.held_out), len(images.test)) == (27, 3, 8)
    assert (images.name, images.classes, images.skipped) == ("synthetic", ("dark", "light"), ())
    stored = np.asarray(Image.open(folder / "test" / "light" / "02.png"))
    np.testing.assert_array_equal(images.test.pixels[6, :, :, 0], stored[:, 2:18])
    assert images.test.labels.tolist() == [0] * 4 + [1] * 4
    levels = images.train.pixels.mean(axis=(1, 2, 3))
    assert ((levels > 125) == images.train.labels).all()  # labels went with their pictures


def test_colours_sizes_and_alpha_are_made_alike(folder):
    Image.new("RGBA", (64, 32), (10, 20, 30, 255)).save(folder / "test" / "dark" / "00.png")
    Image.new("P", (3, 5)).save(folder / "test" / "dark" / "01.gif")
    images = open_training_images(folder, SMALL)
    assert (images.test.pixels[0] == (10, 20, 30)).all()
    assert images.test.pixels.shape == (9, 16, 16, 3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=10, max_size=80))
def test_a_tenth_is_held_out_and_nobody_is_in_two_parts(labels):
    pixels = np.arange(len(labels) * 3, dtype=np.uint8).reshape(-1, 1, 1, 3)
    parts = Parts("x", pixels, np.array(labels), pixels[:2], np.array(labels[:2]), ("a", "b", "c", "d"))
    images = held_apart(parts, Reading())
    assert len(images.held_out) == len(labels) // 10
    together = np.concatenate([images.train.pixels, images.held_out.pixels])
    assert sorted(together[:, 0, 0, 0]) == sorted(pixels[:, 0, 0, 0])
    for label in range(4):
        share = labels.count(label) / 10
        assert abs(int((images.held_out.labels == label).sum()) - share) <= 1
    assert images.repeated == 2  # both test images are training images too


def test_corrupt_pictures_are_counted_and_named_or_skipped(folder):
    files = sorted((folder / "train" / "dark").iterdir())
    for file in files[:2]:
        file.write_bytes(file.read_bytes()[:40])
    files[2].write_text("no picture")
    with pytest.raises(
        DataError, match=r"3 of 38 pictures cannot be decoded: .*00\.png.*01\.png.*02\.png.*no picture"
    ):
        open_training_images(folder, SMALL)
    images = open_training_images(folder, Reading(16, skip_corrupt=True, workers=2))
    assert [text.split()[0] for text in images.skipped] == [str(file) for file in files[:3]]
    assert len(images.train) + len(images.held_out) == 27
    levels = np.concatenate([images.train.pixels, images.held_out.pixels]).mean(axis=(1, 2, 3))
    labels = np.concatenate([images.train.labels, images.held_out.labels])
    assert ((levels > 125) == labels).all()
    for file in files:
        file.write_text("no picture")
    with pytest.raises(DataError, match="no picture of dark can be decoded"):
        open_training_images(folder, Reading(16, skip_corrupt=True))


def test_many_corrupt_pictures_are_named_in_part(folder):
    for file in (folder / "train" / "dark").iterdir():
        file.write_bytes(b"")
    with pytest.raises(
        DataError, match=r"15 of 38 .* and 10 more; remove them, or skip them with --skip-corrupt"
    ):
        open_training_images(folder, SMALL)


def test_other_classes_are_refused(folder):
    with pytest.raises(DataError, match="holds 2 classes, 3 were asked for; use 2"):
        open_training_images(folder, SMALL, classes=3)
    (folder / "test" / "light").rename(folder / "test" / "bright")
    with pytest.raises(DataError, match=r"has other classes .* bright, light; give both the same"):
        open_training_images(folder, SMALL)


def test_a_validation_folder_serves_as_test_folder_and_hidden_folders_are_no_class(folder):
    (folder / "test").rename(folder / "val")
    (folder / "train" / ".thumbnails").mkdir()
    (folder / "train" / "light" / "notes.txt").write_text("no picture, and none is expected of this ending")
    assert len(open_training_images(folder, SMALL).test) == 8


def test_empty_folders_are_named(folder, tmp_path):
    with pytest.raises(DataError, match=r"no pictures in .*nothing/train'; expected"):
        open_training_images(tmp_path / "nothing", SMALL)
    (folder / "train" / "middle").mkdir()
    with pytest.raises(DataError, match=r"no pictures in 1 of 3 class folders of .*train': middle"):
        open_training_images(folder, SMALL)
    (folder / "train" / "middle").rmdir()
    for file in (folder / "test").rglob("*.png"):
        file.unlink()
    with pytest.raises(DataError, match=r"no pictures in .*test'"):
        open_training_images(folder, SMALL)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"labels": np.array([object()] * 20)}, "cannot be read"),
        ({"labels": np.full(20, -1)}, "expected 20 class numbers from 0"),
        ({"labels": np.arange(19) % 2}, "expected 20 class numbers from 0"),
        ({"labels": np.arange(20) / 2}, "expected 20 class numbers from 0"),
        ({"labels": np.arange(20) % 2 * 10**9}, "no training image is of class 1"),
        ({"test_labels": np.array([0, 1, 2, 0])}, "test_labels reach 2"),
        ({"pixels": np.zeros((20, 8, 8, 3), np.uint8)}, r"uint8 \(20, 8, 8, 3\), expected uint8 \[images, 16"),
        ({"test_pixels": np.zeros((4, 16, 16), np.uint8)}, "test_pixels are"),
        ({"pixels": np.zeros((20, 16, 16, 3), np.float32)}, "pixels are float32"),
        ({"pixels": np.zeros((9, 16, 16, 3), np.uint8), "labels": np.arange(9) % 2}, "9 training and 4 test images"),
    ],
)  # fmt: skip
def test_bad_arrays_are_told(tmp_path, changes, says):
    np.savez(tmp_path / "data.npz", **arrays(**changes))
    with pytest.raises(DataError, match=says):
        open_training_images(tmp_path / "data.npz", SMALL)


def test_arrays_are_read_and_damaged_ones_told(tmp_path):
    np.savez(tmp_path / "data.npz", **arrays())
    images = open_training_images(tmp_path / "data.npz", SMALL)
    assert (len(images.train), len(images.held_out), images.classes) == (18, 2, ("0", "1"))
    np.testing.assert_array_equal(images.test.pixels, arrays()["test_pixels"])
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(DataError, match="cannot be read"):
        open_training_images(tmp_path / "damaged.npz", SMALL)
    with pytest.raises(DataError, match=r"cannot be read .* needs the arrays pixels, labels"):
        open_training_images(tmp_path / "absent.npz", SMALL)


def test_cifar_batches_are_read_at_their_own_size(tmp_path):
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        data = np.random.default_rng(0).integers(0, 256, (4, 3072), dtype=np.uint8)
        stored = pickle.dumps({b"data": data, b"labels": [0, 3, 9, 1]}, protocol=3)
        (batches / name).write_bytes(stored.replace(b"numpy._core", b"numpy.core"))
    images = open_training_images(tmp_path, Reading(32), classes=10)
    assert (len(images.train), len(images.held_out), len(images.test)) == (18, 2, 4)
    assert (images.name, images.classes[3], images.repeated) == ("CIFAR-10", "cat", 4)
    with pytest.raises(ConfigError, match="32 x 32 pixels, not 16"):
        open_training_images(tmp_path, SMALL)


def test_a_sample_is_the_picture_or_a_shifted_or_mirrored_one():
    pixels = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), np.uint8)
    label = np.array([4])
    plain, number = LabelledPixels(pixels, label).sample(0, np.random.default_rng(0))
    assert number == 4
    np.testing.assert_allclose(plain * 127.5 + 127.5, pixels[0].transpose(2, 0, 1), atol=1e-4)
    padded = np.pad(plain, ((0, 0), (2, 2), (2, 2)), mode="reflect")
    shifted = [padded[:, y : y + 16, x : x + 16] for y in range(5) for x in range(5)]
    for mirror in (True, False):
        wanted = shifted + [one[:, :, ::-1] for one in shifted] * mirror
        samples = [
            LabelledPixels(pixels, label, True, mirror).sample(0, np.random.default_rng(seed))[0]
            for seed in range(400)
        ]
        assert {one.tobytes() for one in samples} == {np.ascontiguousarray(one).tobytes() for one in wanted}


def reference_sample(pixels, rng):
    """One shifted, mirrored and scaled image, written out."""
    top, left = rng.integers(0, 5, 2)
    padded = np.pad(pixels, ((2, 2), (2, 2), (0, 0)), mode="reflect")
    moved = padded[top : top + 16, left : left + 16]
    moved = moved[:, ::-1] if rng.integers(0, 2) else moved
    return (moved.transpose(2, 0, 1).astype(np.float32) - 127.5) / 127.5


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_are_the_samples_of_their_seeds_whoever_draws_them(workers):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    images = LabelledPixels(pixels, np.arange(40) % 7, augment=True)
    order = np.random.default_rng([5, 2]).permutation(40)
    found = list(batches(images, TrainSettings(1, 16, 0.1, seed=5, workers=workers), 2))
    assert len(found) == 2
    for number, (values, labels) in enumerate(found):
        share = order[number * 16 : number * 16 + 16]
        wanted = [reference_sample(pixels[at], np.random.default_rng([5, 2, int(at)])) for at in share]
        np.testing.assert_array_equal(values.numpy(), np.stack(wanted))
        assert labels.tolist() == (share % 7).tolist()


@pytest.mark.parametrize("wrong", [{"size": 7}, {"workers": 0}])
def test_impossible_readings_are_refused(wrong):
    with pytest.raises(ConfigError, match="at least 8 pixels and 1 worker"):
        Reading(**wrong)
