"""Decoded pictures in files: the same images as in memory, made once, and again when they are damaged."""

import json
import os
import shutil
import tracemalloc
import zlib
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tinygmp.data import picture_cache, picture_files
from tinygmp.data.images import cut_out, open_picture
from tinygmp.data.labelled_pixels import LabelledPixels, random_box
from tinygmp.data.picture_files import PictureFiles
from tinygmp.data.pixel_file import PixelFile, StoredPixels, crc32_of
from tinygmp.data.samples import spread_over
from tinygmp.data.training_images import Reading, open_training_images
from tinygmp.errors import ConfigError, DataError, OutputError

READING = Reading(16, skip_corrupt=True, workers=2)
PARTS = ("train", "held_out", "test")


@pytest.fixture
def folder(tmp_path):
    """Two classes of noise; two pictures cannot be decoded, one test picture is a training picture too."""
    root, rng = tmp_path / "synthetic", np.random.default_rng(0)
    for part, count in (("train", 15), ("test", 4)):
        for label in ("dark", "light"):
            place = root / part / label
            place.mkdir(parents=True)
            for index in range(count):
                Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).save(place / f"{index:02}.png")
    (root / "train" / "dark" / "03.png").write_bytes(b"no picture")
    (root / "test" / "light" / "01.png").write_bytes(b"")
    shutil.copy(root / "train" / "light" / "05.png", root / "test" / "light" / "02.png")
    return root


@pytest.fixture
def in_files(monkeypatch):
    monkeypatch.setattr(picture_cache, "IN_MEMORY_BYTES", 0)


def no_decoding(monkeypatch):
    monkeypatch.setattr(picture_files, "open_picture", lambda *_: pytest.fail("decoded again"))


def assert_same(found, wanted):
    for part in PARTS:
        np.testing.assert_array_equal(getattr(found, part).pixels, getattr(wanted, part).pixels)
        np.testing.assert_array_equal(getattr(found, part).labels, getattr(wanted, part).labels)
    assert (found.skipped, found.repeated, found.classes) == (wanted.skipped, wanted.repeated, wanted.classes)


@pytest.mark.parametrize("reading", [READING, Reading(16, True, crop_scale=0.5)])
def test_a_set_in_files_is_the_set_in_memory_and_is_decoded_once(folder, tmp_path, monkeypatch, reading):
    cache = tmp_path / "cache"
    in_memory = open_training_images(folder, reading, cache=cache)
    assert not cache.exists()
    assert (len(in_memory.skipped), in_memory.repeated) == (2, 1)
    monkeypatch.setattr(picture_cache, "IN_MEMORY_BYTES", 0)
    first = open_training_images(folder, reading, cache=cache)
    assert all(isinstance(getattr(first, part).pixels, StoredPixels) for part in PARTS)
    assert_same(first, in_memory)
    no_decoding(monkeypatch)
    second = open_training_images(folder, reading, cache=cache)
    assert_same(second, in_memory)
    for images in (in_memory, first, second, open_training_images(folder, reading, cache=cache)):
        assert crc32_of(images.train.pixels) == crc32_of(np.asarray(in_memory.train.pixels))
    assert not [path.name for path in cache.iterdir() if path.suffix == ".partial"]


def test_another_way_to_the_same_folder_finds_its_cache(folder, tmp_path, monkeypatch, in_files):
    wanted = open_training_images(folder, READING, cache=tmp_path / "cache")
    no_decoding(monkeypatch)
    monkeypatch.chdir(tmp_path)
    relative = open_training_images(folder.relative_to(tmp_path), READING, cache=tmp_path / "cache")
    np.testing.assert_array_equal(relative.train.pixels, wanted.train.pixels)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def change_a_pixel(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def other_array(path):
    about = path.stat()
    np.save(path, np.zeros((30, 8, 8, 3), np.uint8))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize(
    ("ending", "damage"),
    [
        (".npy", truncate), (".npy", change_a_pixel), (".npy", other_array), (".npy", os.unlink), (".json", truncate),
        (".json", os.unlink), (".json", lambda path: path.write_text("[]")),
        (".json", lambda path: path.write_text("{}")),
        (".json", lambda path: path.write_text(path.read_text().replace('"key": "', '"key": "0'))),
        (".json", lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"hashes": "00" * 8}))),
        (".json", lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"bad": {"99": ""}}))),
    ],
)  # fmt: skip
def test_a_damaged_or_foreign_cache_is_made_again(folder, tmp_path, in_files, ending, damage):
    cache = tmp_path / "cache"
    wanted = open_training_images(folder, READING, cache=cache)
    kept = {part: np.asarray(getattr(wanted, part).pixels) for part in PARTS}
    (path,) = cache.glob(f"train-*{ending}")
    damage(path)
    again = open_training_images(folder, READING, cache=cache)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(again, part).pixels, kept[part])
    assert again.skipped == wanted.skipped
    assert len(list(cache.glob("train-*.npy"))) == 1


def test_a_changed_picture_and_another_size_are_decoded_anew(folder, tmp_path, in_files):
    cache = tmp_path / "cache"
    open_training_images(folder, READING, cache=cache)
    changed = folder / "test" / "dark" / "00.png"
    about = changed.stat()
    Image.new("RGB", (16, 16), (1, 2, 3)).save(changed)
    os.utime(changed, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
    assert (open_training_images(folder, READING, cache=cache).test.pixels[0] == (1, 2, 3)).all()
    assert len(list(cache.glob("test-*.npy"))) == 1  # it took the place of the old one
    assert open_training_images(folder, Reading(8, True), cache=cache).test.pixels.shape == (7, 8, 8, 3)


def test_too_little_room_is_told_before_a_picture_is_decoded(folder, tmp_path, monkeypatch, in_files):
    no_decoding(monkeypatch)
    usage = namedtuple("usage", "total used free")
    needed = 38 * 16 * 16 * 3
    free = needed + picture_cache.SPARE_BYTES - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, free))
    with pytest.raises(DataError, match=rf"38 decoded pictures take {needed:,} bytes in .*{free:,} are free"):
        open_training_images(folder, READING, cache=tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_a_folder_that_cannot_be_written_is_told(folder, tmp_path, in_files):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="give another folder with --cache"):
        open_training_images(folder, READING, cache=tmp_path / "file")


def test_what_stops_while_it_decodes_leaves_nothing_half_written(folder, tmp_path, monkeypatch, in_files):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(picture_files, "open_picture", stop)
    with pytest.raises(KeyboardInterrupt):
        open_training_images(folder, READING, cache=tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(picture_files, "open_picture", open_picture)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OutputError, match="No space left on device; give another folder"):
        open_training_images(folder, READING, cache=tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_memory_does_not_grow_with_the_set(tmp_path, in_files):
    """200 pictures of 128 x 128 are 9.8 MB decoded; a tenth of that must do for making and for reading all of them."""
    for part, count in (("train", 180), ("test", 20)):
        for label in ("a", "b"):
            place = tmp_path / "set" / part / label
            place.mkdir(parents=True)
            for index in range(count // 2):
                Image.new("RGB", (128, 128), (index, 7, len(label))).save(place / f"{index:03}.jpg")
    tracemalloc.start()
    try:
        images = open_training_images(tmp_path / "set", Reading(128), cache=tmp_path / "cache")
        read = sum(int(images.train.pixels[index].sum(dtype=np.int64)) for index in range(len(images.train)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read > 0
    assert peak < 200 * 128 * 128 * 3 / 10


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("stored") / "images.npy"
    pixels = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)
    np.save(path, pixels)
    rows = np.array([3, 1, 4, 0, 5, 9, 2, 6])
    return StoredPixels(PixelFile(path), rows), pixels[rows]


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.integers(-8, 7),
        st.slices(8),
        st.lists(st.integers(-8, 7), max_size=9).map(lambda found: np.array(found, np.int64)),
        st.lists(st.booleans(), min_size=8, max_size=8).map(np.array),
    )
)
def test_stored_images_are_indexed_like_an_array(stored, key):
    pixels, array = stored
    np.testing.assert_array_equal(pixels[key], array[key])
    assert pixels[key].dtype == np.uint8
    assert (pixels.shape, len(pixels), pixels.dtype) == (array.shape, 8, array.dtype)


def test_a_checksum_is_of_the_open_file_and_not_of_its_successor(tmp_path):
    first, second = (np.random.default_rng(seed).integers(0, 256, (3, 8, 8, 3), np.uint8) for seed in (1, 2))
    path = tmp_path / "images.npy"
    np.save(path, first)
    opened = StoredPixels(PixelFile(path), np.arange(3))
    np.save(tmp_path / "next.npy", second)
    os.replace(tmp_path / "next.npy", path)
    os.utime(path, ns=(5, 5))
    assert crc32_of(opened) == zlib.crc32(first)
    assert crc32_of(StoredPixels(PixelFile(path), np.arange(3))) == zlib.crc32(second)


def test_files_of_other_arrays_are_refused(tmp_path):
    np.save(tmp_path / "floats.npy", np.zeros((2, 8, 8, 3)))
    with pytest.raises(DataError, match="float64"):
        PixelFile(tmp_path / "floats.npy")
    (tmp_path / "none.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match="is no file of images"):
        PixelFile(tmp_path / "none.npy")
    np.save(tmp_path / "short.npy", np.ones((3, 8, 8, 3), np.uint8))
    short = PixelFile(tmp_path / "short.npy")
    os.truncate(tmp_path / "short.npy", 300)
    with pytest.raises(DataError, match="ends inside row 2"):
        StoredPixels(short, np.arange(3))[2]


def arrays(count=20):
    rng = np.random.default_rng(0)
    return {
        "pixels": rng.integers(0, 256, (count, 16, 16, 3), np.uint8),
        "labels": np.arange(count) % 2,
        "test_pixels": rng.integers(0, 256, (4, 16, 16, 3), np.uint8),
        "test_labels": np.arange(4) % 2,
    }


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_large_array_files_are_read_piece_by_piece_into_the_cache(tmp_path, monkeypatch, save):
    save(tmp_path / "data.npz", **arrays())
    in_memory = open_training_images(tmp_path / "data.npz", Reading(16))
    monkeypatch.setattr(picture_cache, "IN_MEMORY_BYTES", 0)
    stored = open_training_images(tmp_path / "data.npz", Reading(16), cache=tmp_path / "cache")
    assert isinstance(stored.train.pixels, StoredPixels)
    assert_same(stored, in_memory)
    save(tmp_path / "data.npz", **(arrays() | {"test_pixels": arrays()["test_pixels"] ^ 1}))
    changed = open_training_images(tmp_path / "data.npz", Reading(16), cache=tmp_path / "cache")
    np.testing.assert_array_equal(changed.test.pixels, arrays()["test_pixels"] ^ 1)


def test_arrays_in_fortrans_order_are_read_when_small_and_refused_when_large(tmp_path, monkeypatch):
    turned = np.asfortranarray(arrays()["pixels"])
    np.savez(tmp_path / "data.npz", **(arrays() | {"pixels": turned}))
    small = open_training_images(tmp_path / "data.npz", Reading(16))
    assert len(small.train) == 18
    assert (np.asarray(small.held_out.pixels)[:, None] == turned[None]).all((2, 3, 4)).any(1).all()
    monkeypatch.setattr(picture_cache, "IN_MEMORY_BYTES", 0)
    with pytest.raises(DataError, match=r"write them again with np\.ascontiguousarray"):
        open_training_images(tmp_path / "data.npz", Reading(16), cache=tmp_path / "cache")


@pytest.mark.parametrize("limit", [0, 10**9])
def test_array_files_damaged_inside_are_told(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(picture_cache, "IN_MEMORY_BYTES", limit)
    np.savez(tmp_path / "data.npz", **arrays())
    content = bytearray((tmp_path / "data.npz").read_bytes())
    content[1000] ^= 255
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"damaged within pixels .*CRC.*write it again"):
        open_training_images(tmp_path / "data.npz", Reading(16), cache=tmp_path / "cache")


@settings(max_examples=100, deadline=None)
@given(st.integers(8, 256), st.floats(0.02, 1.0), st.integers(0, 2**32))
def test_a_random_box_lies_inside_and_keeps_its_share_and_shape(side, least, seed):
    left, top, right, bottom = random_box(side, least, np.random.default_rng(seed))
    assert 0 <= left < right <= side
    assert 0 <= top < bottom <= side
    width, height = right - left, bottom - top
    assert (width + 0.5) * (height + 0.5) >= least * side**2 * 0.999  # both are rounded
    assert (width - 0.5) / (height + 0.5) <= 4 / 3 + 1e-6
    assert (height - 0.5) / (width + 0.5) <= 4 / 3 + 1e-6


def test_random_boxes_reach_every_border_and_the_whole_range_of_areas():
    rng = np.random.default_rng(0)
    boxes = np.array([random_box(64, 0.25, rng) for _ in range(3000)])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / 64**2
    assert areas.min() < 0.3
    assert areas.max() > 0.9
    assert (boxes.min(0)[:2] == 0).all()
    assert (boxes.max(0)[2:] == 64).all()


def test_crops_are_cut_from_larger_pictures_and_scores_are_of_whole_ones(folder, tmp_path):
    images = open_training_images(folder, Reading(14, True, mirror=False, crop_scale=0.4))
    plain = open_training_images(folder, Reading(14, True))
    assert images.train.pixels.shape[1:] == (16, 16, 3)  # 14 * 8 / 7
    for part in ("held_out", "test"):
        np.testing.assert_array_equal(getattr(images, part).pixels, getattr(plain, part).pixels)
    stored = images.train.pixels[3]
    sample, label = images.train.sample(3, np.random.default_rng(5))
    box = random_box(16, 0.4, np.random.default_rng(5))
    wanted = np.asarray(Image.fromarray(stored).resize((14, 14), Image.Resampling.BILINEAR, box))
    np.testing.assert_allclose(sample * 127.5 + 127.5, wanted.transpose(2, 0, 1), atol=1e-4)
    assert (sample.shape, sample.dtype, label) == ((3, 14, 14), np.float32, images.train.labels[3])
    few = images.train.some(5)
    assert few.pixels.shape == (5, 14, 14, 3)  # as the network takes them
    assert few.labels.tolist() == images.train.labels[spread_over(len(images.train), 5)].tolist()


def test_half_of_the_crops_are_mirrored_and_crops_of_the_whole_are_the_picture():
    ramp = np.tile(np.arange(0, 240, 15, dtype=np.uint8)[None, :, None], (16, 1, 3))
    images = LabelledPixels(ramp[None], np.array([2]), True, True, 1.0, 16)
    samples = [images.sample(0, np.random.default_rng(seed))[0][0] for seed in range(200)]
    mirrored = sum(int(one[8, 0] > one[8, -1]) for one in samples)
    assert 70 < mirrored < 130
    upright = [one for one in samples if one[8, 0] < one[8, -1]]
    assert any(np.allclose(one * 127.5 + 127.5, ramp[:, :, 0], atol=1e-4) for one in upright)


@pytest.mark.parametrize("share", [0.0, 1.5, -1.0])
def test_impossible_crops_are_refused(share):
    with pytest.raises(ConfigError, match=r"outside \(0, 1\]"):
        Reading(16, crop_scale=share)


def test_the_key_is_of_names_sizes_times_and_reading(tmp_path):
    file = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(file)

    def key(files=("a.png",), side=16, size=16):
        return PictureFiles("train", tmp_path, [str(tmp_path / one) for one in files], side, size).key

    first = key()
    assert key() == first
    os.utime(file, ns=(0, 1))
    keys = {first, key(), key(("a.png", "b.png")), key(side=18), key(side=18, size=18)}
    assert len(keys) == 5


def test_hashes_tell_equal_pictures_whatever_size_is_stored(folder):
    files = [str(folder / "train" / "light" / "05.png"), str(folder / "test" / "light" / "02.png")]
    kept = {}
    wanted = PictureFiles("train", folder, files, 18, 16)
    hashes, bad = wanted.decode(kept.__setitem__, 1, lambda *_: None)
    assert hashes[0] == hashes[1]
    assert bad == {}
    np.testing.assert_array_equal(
        kept[0], cut_out(open_picture(folder / "train" / "light" / "05.png", 3), 18, 18, 1.0)
    )
