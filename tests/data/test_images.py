"""Pictures of a folder become a network's pixels, and what cannot is named."""

import numpy as np
import pytest
from PIL import Image

from tinygmp.data.images import Choice, load_images, random_images
from tinygmp.errors import ConfigError, DataError
from tinygmp.graph.random_image_model import random_image_model

MODEL = random_image_model(1, 8, 4, ((6, 1),), 3)  # labels class0, class1, class2


def picture(path, colour=(10, 20, 30), size=(8, 8), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


def test_subfolders_are_classes_by_name_or_number(tmp_path):
    picture(tmp_path / "class2" / "a.png", (1, 2, 3))
    picture(tmp_path / "0" / "b.png", (4, 5, 6))
    (tmp_path / "0" / "notes.txt").write_text("no picture")
    found = load_images(MODEL, str(tmp_path))
    assert found.labels.tolist() == [0, 2]
    assert (found.first[0] == [4, 5, 6]).all()
    assert (found.first[1] == [1, 2, 3]).all()
    assert found.first.shape == (2, 8, 8, 3)


@pytest.mark.parametrize("part", ["test", "val"])
def test_of_a_folder_for_training_the_test_pictures_are_read(tmp_path, part):
    picture(tmp_path / "train" / "class0" / "a.png", (1, 1, 1))
    picture(tmp_path / part / "class1" / "b.png", (2, 2, 2))
    found = load_images(MODEL, str(tmp_path))
    assert (found.labels.tolist(), found.first[0, 0, 0].tolist()) == ([1], [2, 2, 2])


def test_labels_csv_with_files_beside_it_or_in_images(tmp_path):
    (tmp_path / "labels.csv").write_text("file,label,other\nb.png,1,x\na.png,class2,y\n")
    picture(tmp_path / "a.png", (1, 1, 1))
    picture(tmp_path / "b.png", (2, 2, 2))
    assert load_images(MODEL, str(tmp_path)).labels.tolist() == [1, 2]
    picture(tmp_path / "images" / "a.png", (3, 3, 3))
    picture(tmp_path / "images" / "b.png", (4, 4, 4))
    assert load_images(MODEL, str(tmp_path)).first[:, 0, 0, 0].tolist() == [4, 3]


def test_pictures_without_labels(tmp_path):
    picture(tmp_path / "a.png")
    found = load_images(MODEL, str(tmp_path))
    assert found.labels is None
    assert not found.synthetic


def test_grey_pictures_get_three_equal_channels_and_a_grey_network_one(tmp_path):
    picture(tmp_path / "a.png", 77, mode="L")
    assert (load_images(MODEL, str(tmp_path)).first == 77).all()


def test_the_largest_centred_square_is_cut_and_resized(tmp_path):
    wide = np.zeros((16, 48, 3), np.uint8)
    wide[:, 16:32] = 200  # the centred square
    Image.fromarray(wide).save(tmp_path / "a.png")
    assert (load_images(MODEL, str(tmp_path)).first == 200).all()
    framed = np.full((16, 16, 3), 9, np.uint8)
    framed[4:12, 4:12] = 100  # its centred half
    Image.fromarray(framed).save(tmp_path / "a.png")
    assert (load_images(MODEL, str(tmp_path), Choice(crop=0.5)).first == 100).all()


def test_corrupt_pictures_are_all_named_or_skipped_by_choice(tmp_path):
    picture(tmp_path / "class0" / "good.png", (5, 5, 5))
    (tmp_path / "class1").mkdir()
    (tmp_path / "class1" / "text.png").write_text("no picture")
    whole = picture(tmp_path / "class1" / "cut.png", size=(64, 64)).read_bytes()
    (tmp_path / "class1" / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"2 of 3 pictures .*cut\.png.*text\.png.*--skip-corrupt"):
        load_images(MODEL, str(tmp_path))
    found = load_images(MODEL, str(tmp_path), Choice(skip_corrupt=True))
    assert (found.labels.tolist(), len(found.first), len(found.skipped)) == ([0], 1, 2)
    (tmp_path / "class0" / "good.png").unlink()
    with pytest.raises(DataError, match="2 of 2 pictures"):
        load_images(MODEL, str(tmp_path), Choice(skip_corrupt=True))


def test_a_limit_spreads_over_the_folder_and_keeps_labels_beside_their_images(tmp_path):
    for index in range(9):
        picture(tmp_path / f"class{index // 3}" / f"{index}.png", (index, 0, 0))
    found = load_images(MODEL, str(tmp_path), Choice(limit=3))
    assert found.first[:, 0, 0, 0].tolist() == [0, 4, 8]
    assert found.labels.tolist() == [0, 1, 2]


def test_array_files(tmp_path):
    pixels = np.arange(2 * 8 * 8 * 3, dtype=np.uint8).reshape(2, 8, 8, 3)
    np.savez(tmp_path / "a.npz", pixels=pixels, labels=[2, 0])
    found = load_images(MODEL, str(tmp_path / "a.npz"))
    assert np.array_equal(found.first, pixels)
    assert found.labels.tolist() == [2, 0]
    np.savez(tmp_path / "wrong.npz", pixels=pixels[:, :4])
    with pytest.raises(DataError, match="expected uint8"):
        load_images(MODEL, str(tmp_path / "wrong.npz"))
    np.savez(tmp_path / "labels.npz", pixels=pixels, labels=[3, 0])
    with pytest.raises(DataError, match=r"classes of 0\.\.2"):
        load_images(MODEL, str(tmp_path / "labels.npz"))
    (tmp_path / "torn.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="is damaged"):
        load_images(MODEL, str(tmp_path / "torn.npz"))


def test_what_is_no_data_is_refused(tmp_path):
    with pytest.raises(DataError, match="no folder"):
        load_images(MODEL, str(tmp_path / "gone"))
    with pytest.raises(DataError, match="no pictures"):
        load_images(MODEL, str(tmp_path))
    picture(tmp_path / "zebra" / "a.png")
    with pytest.raises(DataError, match=r"'zebra' is none of the 3 .*class0, class1, class2"):
        load_images(MODEL, str(tmp_path))
    (tmp_path / "labels.csv").write_text("path,class\n")
    (tmp_path / "labels.csv").write_text("path,class\na,b\n")
    with pytest.raises(DataError, match="columns file and label"):
        load_images(MODEL, str(tmp_path))
    with pytest.raises(ConfigError, match="crop 0"):
        Choice(crop=0)


def test_random_images_are_the_same_every_time_and_marked_synthetic():
    first, second = random_images(MODEL, 3), load_images(MODEL, "random", Choice(limit=3))
    assert np.array_equal(first.first, second.first)
    assert first.name == "random patterns"
