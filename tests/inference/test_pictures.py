"""Whatever a shop calls a picture is read, or refused with a reason."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.pictures import MAX_PIXELS, PictureError, open_picture, read_picture

RED = (200, 30, 40)


def refused(path: Path) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(path)
    return caught.value.code


def close(pixel: object, wanted: tuple[int, int, int], tolerance: int = 6) -> bool:
    return bool(np.abs(np.asarray(pixel, int) - np.asarray(wanted)).max() <= tolerance)


def test_it_reads_a_jpeg(tmp_path: Path) -> None:
    Image.new("RGB", (60, 80), RED).save(tmp_path / "a.jpg", quality=95)
    image = read_picture(tmp_path / "a.jpg")
    assert (image.mode, image.size) == ("RGB", (60, 80))
    assert close(image.getpixel((30, 40)), RED)


def test_it_reads_a_png_called_jpg(tmp_path: Path) -> None:
    Image.new("RGB", (60, 80), RED).save(tmp_path / "a.jpg", format="PNG")
    assert read_picture(tmp_path / "a.jpg").getpixel((1, 1)) == RED


def test_it_says_that_a_file_is_missing(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.jpg") == "missing"


def test_it_says_that_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path) == "missing"


def test_it_says_that_a_path_through_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    assert refused(tmp_path / "a.jpg" / "b.jpg") == "missing"


def test_it_says_that_a_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert refused(tmp_path / "a.jpg") == "empty"


def test_it_refuses_a_text_called_jpg(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("<html>404 not found</html>")
    assert refused(tmp_path / "a.jpg") == "not_a_picture"


def test_it_refuses_formats_outside_the_list(tmp_path: Path) -> None:
    Image.new("RGB", (60, 80), RED).save(tmp_path / "a.jpg", format="PPM")
    assert refused(tmp_path / "a.jpg") == "not_a_picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_it_notices_a_truncated_file(tmp_path: Path, kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (120, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole", format=kind)
    content = (tmp_path / "whole").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: max(9, int(len(content) * share))])
    assert refused(tmp_path / "a.jpg") == "truncated"


def test_it_refuses_a_single_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), RED).save(tmp_path / "a.png")
    assert refused(tmp_path / "a.png") == "too_small"


@pytest.mark.parametrize("side", [8_001, 12_000, 60_000])
def test_it_refuses_a_decompression_bomb_from_its_header(tmp_path: Path, side: int) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9999))
    (tmp_path / "a.png").write_bytes(bomb + chunk(b"IEND", b""))
    assert side * side > MAX_PIXELS
    assert refused(tmp_path / "a.png") == "too_large"


def test_it_reads_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (40, 40), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    assert close(read_picture(tmp_path / "a.jpg").getpixel((9, 9)), (255, 0, 0), 12)


def test_it_scales_sixteen_bits_instead_of_cutting_them(tmp_path: Path) -> None:
    half = np.full((30, 30), 32_768, np.uint16)
    half[:, 15:] = 65_535
    Image.fromarray(half).save(tmp_path / "a.png")
    image = read_picture(tmp_path / "a.png")
    assert close(image.getpixel((3, 3)), (128, 128, 128), 1)
    assert image.getpixel((20, 3)) == (255, 255, 255)


def test_a_dark_sixteen_bit_picture_stays_dark(tmp_path: Path) -> None:
    Image.fromarray(np.full((30, 30), 200, np.uint16)).save(tmp_path / "a.png")
    assert close(read_picture(tmp_path / "a.png").getpixel((3, 3)), (1, 1, 1), 1)


def test_it_puts_a_transparent_palette_on_white(tmp_path: Path) -> None:
    picture = Image.new("P", (40, 40), 0)
    picture.putpalette([10, 20, 30, *RED])
    picture.paste(1, (20, 0, 40, 40))
    picture.save(tmp_path / "a.png", transparency=0)
    image = read_picture(tmp_path / "a.png")
    assert image.getpixel((5, 5)) == (255, 255, 255)
    assert image.getpixel((30, 5)) == RED


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_it_puts_alpha_on_white(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (40, 40), 0).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").getpixel((5, 5)) == (255, 255, 255)


def test_it_takes_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, (0, 0, 255))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert close(read_picture(tmp_path / "a.gif").getpixel((5, 5)), RED, 8)


def test_it_turns_a_picture_as_exif_says(tmp_path: Path) -> None:
    picture = Image.new("RGB", (80, 40), (255, 255, 255))
    picture.paste(RED, (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # the left of the stored picture is its top
    picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
    opened = open_picture(tmp_path / "a.jpg")
    assert opened.image.size == opened.size == (40, 80)
    assert close(opened.image.getpixel((20, 10)), RED)


def test_damaged_exif_does_not_lose_the_picture(tmp_path: Path) -> None:
    Image.new("RGB", (40, 50), RED).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\xff\xff\xff\xff", quality=95)
    assert read_picture(tmp_path / "a.jpg").size == (40, 50)


def test_a_large_picture_is_made_small_and_its_own_size_is_told(tmp_path: Path) -> None:
    picture = Image.new("RGB", (1600, 1200), RED)
    exif = Image.Exif()
    exif[0x0112] = 8
    picture.save(tmp_path / "a.jpg", exif=exif)
    picture.save(tmp_path / "a.png")
    turned, plain = open_picture(tmp_path / "a.jpg", 400), open_picture(tmp_path / "a.png", 400)
    assert (turned.image.size, turned.size) == ((300, 400), (1200, 1600))
    assert (plain.image.size, plain.size) == ((400, 300), (1600, 1200))
    assert close(turned.image.getpixel((150, 200)), RED)
