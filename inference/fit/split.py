"""The one rule that keeps held-out items away from training, stated so that anybody can repeat it.

A key (a design's ``product_code``, a photo's file name) is hashed with SHA-256; the first eight hexadecimal digits,
read as a number, decide. The rule needs no list of files, does not depend on the order of rows and never puts two
pictures of one design on different sides.
"""

from __future__ import annotations

import hashlib

#: One design in five is held out.
DESIGN_MODULUS = 5

#: One design in so many of those that are not held out calibrates.
CALIBRATION_MODULUS = 12

#: Parts of a data set: weights are fitted on TRAIN, by folds; temperatures of whole ensembles on CALIBRATION; figures
#: come from TEST.
TRAIN, CALIBRATION, TEST = "train", "calibration", "test"

#: The networks of an ensemble are trained on all folds but one each.
FOLDS = 3

#: Three street photos in twenty are held out.
PHOTO_MODULUS = 20
PHOTO_HELD_OUT = 3


def hash_number(key: str) -> int:
    """First eight hexadecimal digits of the SHA-256 of ``key`` as a number, 0..2**32-1."""
    return int(hashlib.sha256(key.encode("utf-8")).hexdigest()[:8], 16)


def is_held_out_design(product_code: str) -> bool:
    """True for the designs (about 20%) on which figures are measured; every picture of a design is on the same side."""
    return hash_number(product_code) % DESIGN_MODULUS == 0


def part_of_design(product_code: str, held_out: bool | None = None) -> str:
    """TRAIN, CALIBRATION or TEST; every picture of a design is in the same part.

    Args:
        product_code: key of the design.
        held_out: whether it is in TEST; None to leave that to :func:`is_held_out_design`.
    """
    if is_held_out_design(product_code) if held_out is None else held_out:
        return TEST
    return CALIBRATION if hash_number(f"calibration:{product_code}") % CALIBRATION_MODULUS == 0 else TRAIN


def is_held_out_photo(stem: str) -> bool:
    """True for the street photos (about 15%) on which segmentation is measured; ``stem``: file name less its ending."""
    return hash_number(stem) % PHOTO_MODULUS < PHOTO_HELD_OUT


def fold_of_design(product_code: str, folds: int) -> int:
    """Number 0..folds-1 of the cross-validation fold of a design; independent of :func:`is_held_out_design`.

    Raises:
        ValueError: ``folds`` is below 2.
    """
    if folds < 2:
        raise ValueError(f"cross-validation needs at least 2 folds, not {folds}")
    return hash_number("fold:" + product_code) % folds
