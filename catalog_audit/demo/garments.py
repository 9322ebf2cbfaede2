"""How garments are cut: outlines and seams in heads, fitted to a pose."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from .canvas import Outline, limb, mirrored, smooth
from .figure import Point, Pose

#: Hem of each named length, in heads from the top of the head.
HEMS: Final = {"mini": (4.75, 5.15), "knee": (5.45, 5.75), "midi": (6.1, 6.6), "maxi": (6.95, 7.25)}

#: Garment type -> group of the masks.
GROUP_OF: Final = {
    "dress": "full_body",
    "skirt": "bottom",
    "trousers": "bottom",
    "jeans": "bottom",
    "shorts": "bottom",
    "t_shirt": "top",
    "top": "top",
    "blouse": "top",
    "shirt": "top",
    "sweater": "top",
    "hoodie": "top",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """A garment's shape.

    Attributes:
        garment_type: a key of :data:`GROUP_OF`.
        length: a key of :data:`HEMS` for dresses and skirts, "" for the rest.
        sleeve: share of the arm that is covered; 0 none, negative for straps.
        neck: "round", "v", "boat", "collar", "roll", "square" or "hood".
        ease: how far the cloth stands off the body, in heads.
        flare: how far the hem stands out beyond the hips, in heads.
        waisted: whether a seam divides bodice and skirt.
        hem: where tops, skirts, trousers and dresses end, in heads.
    """

    garment_type: str
    length: str
    sleeve: float
    neck: str
    ease: float
    flare: float
    waisted: bool
    hem: float

    @property
    def group(self) -> str:
        """The mask group of the garment."""
        return GROUP_OF[self.garment_type]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of cloth.

    Attributes:
        outline: closed, in heads.
        folds: how it folds, see :func:`catalog_audit.demo.fabric.folds`.
        minus: cut out of the outline (the neckline), or None.
        pleats: folds across a drape.
        over_arms: True for pieces that lie over the arms (sleeves).
    """

    outline: Outline
    folds: str
    minus: Outline | None = None
    pleats: float = 5
    over_arms: bool = False


@dataclass(slots=True)
class Garment:
    """Pieces of cloth in the order of painting, and what is drawn on them.

    Attributes:
        parts: the pieces.
        seams: dark thin lines.
        buttons: centres of buttons.
        lining: the inside of the back of the neck, seen when nobody wears the garment; None when there is none.
    """

    parts: list[Part] = field(default_factory=list)
    seams: list[Outline] = field(default_factory=list)
    buttons: list[Point] = field(default_factory=list)
    lining: Outline | None = None


def cut_for(rng: np.random.Generator, garment_type: str, length: str = "") -> Cut:
    """A shape of the type, drawn at random among those that shops sell.

    Raises:
        KeyError: for an unknown type or length.
    """
    group = GROUP_OF[garment_type]
    if group == "bottom":
        if garment_type == "skirt":
            length = length or str(rng.choice(list(HEMS)))
            return Cut(garment_type, length, 0, "", 0.05, rng.uniform(0.0, 0.55), False, rng.uniform(*HEMS[length]))
        hem = rng.uniform(4.7, 5.4) if garment_type == "shorts" else rng.uniform(6.75, 7.35)
        return Cut(garment_type, "", 0, "", rng.uniform(0.03, 0.12), rng.choice([-0.06, 0.02, 0.14]), False, hem)
    if garment_type == "dress":
        return _dress(rng, length)
    sleeve, necks, ease, low = {
        "t_shirt": ((0.3, 0.42), ["round", "round", "v"], (0.08, 0.2), (3.75, 4.15)),
        "top": ((-1, 0), ["round", "square", "v"], (0.02, 0.12), (3.2, 3.9)),
        "blouse": ((0.5, 1.0), ["v", "round", "boat"], (0.1, 0.25), (3.7, 4.1)),
        "shirt": ((0.95, 1.0), ["collar"], (0.12, 0.24), (3.9, 4.3)),
        "sweater": ((0.95, 1.0), ["round", "roll", "v"], (0.14, 0.3), (3.7, 4.2)),
        "hoodie": ((0.95, 1.0), ["hood"], (0.2, 0.34), (3.9, 4.3)),
    }[garment_type]
    cover = float(rng.choice(sleeve)) if garment_type == "top" else rng.uniform(*sleeve)
    return Cut(
        garment_type,
        "",
        cover,
        str(rng.choice(necks)),
        rng.uniform(*ease),
        rng.uniform(-0.05, 0.2),
        False,
        rng.uniform(*low),
    )


def _dress(rng: np.random.Generator, length: str) -> Cut:
    length = length or str(rng.choice(list(HEMS)))
    sleeve = float(rng.choice([-1, 0, 0.25, 0.45, 1.0]))
    neck = str(rng.choice(["round", "v", "boat", "square"]))
    waisted = bool(rng.random() < 0.65)
    flare = rng.uniform(0.15, 0.75) if waisted else rng.uniform(-0.08, 0.25)
    return Cut("dress", length, sleeve, neck, rng.uniform(0.02, 0.1), flare, waisted, rng.uniform(*HEMS[length]))


def build(cut: Cut, pose: Pose) -> Garment:
    """The pieces of a garment on a pose."""
    if cut.garment_type == "skirt":
        return _skirt_only(cut, pose)
    if cut.group == "bottom":
        return _legs(cut, pose)
    return _with_torso(cut, pose)


def tucked(cut: Cut) -> Cut:
    """The same top worn inside the waistband."""
    return replace(cut, hem=3.1, ease=min(cut.ease, 0.12))


def _side_of_skirt(cut: Cut, pose: Pose, top: float) -> Outline:
    at_hem = pose.hips + 0.04 + cut.flare * (cut.hem - top) / 3.2
    hips = max(pose.hips + cut.ease, pose.hips + 0.35 * cut.flare)
    middle = (3.75 + cut.hem) / 2
    return smooth(
        [(pose.waist + cut.ease * 0.5, top), (hips, 3.75), ((hips + at_hem) / 2 + 0.02, middle), (at_hem, cut.hem)]
    )


def _closed_skirt(side: Outline, hem: float) -> Outline:
    bottom = side[-1, 0]
    curve = smooth(
        [(bottom, hem), (bottom * 0.5, hem + 0.07), (0, hem + 0.09), (-bottom * 0.5, hem + 0.07), (-bottom, hem)]
    )
    return np.vstack([side, curve, mirrored(side)])


def _skirt_only(cut: Cut, pose: Pose) -> Garment:
    top = 2.95
    side = _side_of_skirt(cut, pose, top)
    garment = Garment([Part(_closed_skirt(side, cut.hem), "drape", pleats=2.5 + 9 * max(cut.flare, 0))])
    edge = float(side[0, 0])
    garment.seams.append(np.array([(-edge * 1.03, top + 0.16), (edge * 1.03, top + 0.16)]))
    return garment


def _legs(cut: Cut, pose: Pose) -> Garment:
    """Trousers, jeans and shorts."""
    garment = Garment()
    top = 2.95
    for side, sign in enumerate((-1, 1)):
        (hx, hy), (kx, ky), (ax, ay) = pose.leg(side)
        upper = cut.hem <= ky
        share = (cut.hem - hy) / (ky - hy) if upper else (cut.hem - ky) / (ay - ky)
        ex, ey = (hx + (kx - hx) * share, cut.hem) if upper else (kx + (ax - kx) * share, cut.hem)
        hem = 0.33 + 0.6 * abs(cut.flare) + cut.ease if upper else 0.22 + cut.flare + cut.ease
        knee = 0.25 + cut.ease + 0.5 * max(cut.flare, 0)
        outer = [
            (sign * (pose.waist + 0.04), top),
            (sign * (pose.hips + 0.4 * cut.ease), 3.62),
            (hx + sign * (0.39 + 0.6 * cut.ease), 4.3),
        ]
        inner = [(sign * 0.02, 4.2), (0.0, top)]
        if not upper:
            outer.append((kx + sign * knee, ky))
            inner.insert(0, (kx - sign * knee, ky))
        end = [(ex + sign * hem, ey), (ex, ey + 0.03), (ex - sign * hem, ey)]
        outline = np.vstack([smooth([*outer, end[0]]), end[1:2], smooth([end[2], *inner[:-1]]), inner[-1:]])
        garment.parts.append(Part(outline, "leg"))
        if cut.garment_type == "trousers" and not upper:
            garment.seams.append(smooth([(hx + sign * 0.03, 3.5), (kx, ky), (ex, ey)]))
        else:
            garment.seams.append(np.array([(ex - hem * 0.97, ey - 0.09), (ex + hem * 0.97, ey - 0.09)]))
    waist = pose.waist + 0.05
    garment.seams += [
        np.array([(-waist * 1.03, top + 0.17), (waist * 1.03, top + 0.17)]),
        smooth([(0.0, top + 0.02), (0.01, 3.5), (0.0, 4.18)]),
    ]
    for sign in (-1, 1):
        garment.seams.append(
            smooth(
                [
                    (sign * waist * 0.55, top + 0.17),
                    (sign * waist * 0.8, top + 0.42),
                    (sign * (pose.hips + 0.02), top + 0.5),
                ]
            )
        )
    garment.buttons.append((0.0, top + 0.09))
    return garment


def _neckline(cut: Cut) -> tuple[float, Outline]:
    """Half-width of the neck opening and the shape to cut out."""
    half, depth = {
        "round": (0.3, 1.66),
        "v": (0.27, 2.0),
        "boat": (0.5, 1.55),
        "square": (0.42, 1.85),
        "collar": (0.22, 1.62),
        "roll": (0.24, 1.3),
        "hood": (0.3, 1.6),
    }[cut.neck]
    if cut.sleeve < 0:
        half, depth = 0.46, max(depth, 1.95)
    top = 1.1
    if cut.neck == "v" or cut.neck == "collar":
        low = [(half, 1.45), (0.0, depth), (-half, 1.45)]
        return half, np.array([(half, top), *low, (-half, top)])
    if cut.neck == "square":
        return half, np.array(
            [
                (half, top),
                (half * 0.96, depth - 0.04),
                (half * 0.86, depth),
                (-half * 0.86, depth),
                (-half * 0.96, depth - 0.04),
                (-half, top),
            ]
        )
    curve = smooth([(half, 1.45), (half * 0.78, depth - 0.06), (0, depth), (-half * 0.78, depth - 0.06), (-half, 1.45)])
    return half, np.vstack([[(half, top)], curve, [(-half, top)]])


def _with_torso(cut: Cut, pose: Pose) -> Garment:
    garment = Garment()
    half, opening = _neckline(cut)
    sx, sy = pose.shoulder[1]
    if cut.sleeve < 0:
        shoulder = [(half, 1.44), (half + 0.07, 1.45), (half + 0.1, 1.8)]
    elif cut.sleeve == 0:
        shoulder = [(half, 1.43), (sx - 0.14, sy - 0.1), (sx - 0.17, sy + 0.3)]
    else:
        shoulder = [(half, 1.41), (sx - 0.05, sy - 0.13), (sx + 0.08 + 0.3 * cut.ease, sy + 0.06)]
    bare = cut.sleeve <= 0
    armpit = (pose.bust + (0.03 + 0.3 * cut.ease if bare else 0.1 + 0.6 * cut.ease), 2.12 if bare else 2.3)
    is_dress = cut.garment_type == "dress"
    waist = pose.waist + (cut.ease if is_dress else 0.1 + cut.ease)
    if is_dress and cut.waisted:
        side = np.vstack([np.array(shoulder[:1]), smooth(shoulder[1:]), smooth([armpit, (waist, 2.97)])])
        body = np.vstack([side, mirrored(side)])
        garment.parts.append(
            Part(_closed_skirt(_side_of_skirt(cut, pose, 2.93), cut.hem), "drape", pleats=4 + 7 * max(cut.flare, 0))
        )
        garment.parts.append(Part(body, "torso", opening))
        garment.seams.append(smooth([(-waist, 2.95), (0, 2.99), (waist, 2.95)]))
    else:
        hips = pose.hips + cut.ease
        if is_dress:
            lower = [(waist, 2.97), (hips, 3.8), (hips + cut.flare, cut.hem)]
        else:
            reach = waist if cut.hem < 3.2 else max(pose.hips + 0.8 * cut.ease, waist) + 0.3 * cut.flare
            lower = [(waist, 2.9), (waist + (reach - waist) * 0.7, (2.9 + cut.hem) / 2), (reach, cut.hem)]
        side = np.vstack([np.array(shoulder[:1]), smooth(shoulder[1:]), smooth([armpit, *lower])])
        bottom = float(side[-1, 0])
        sag = 0.06 if cut.garment_type != "shirt" else 0.16
        hem = smooth([(bottom, cut.hem), (0, cut.hem + sag), (-bottom, cut.hem)])
        garment.parts.append(Part(np.vstack([side, hem, mirrored(side)]), "torso", opening))
        rib = 0.2 if cut.garment_type in ("sweater", "hoodie") else 0.08
        garment.seams.append(smooth([(-bottom, cut.hem - rib), (0, cut.hem + sag - rib), (bottom, cut.hem - rib)]))
    back = 1.75 if cut.sleeve < 0 else 1.4
    low = float(opening[:, 1].max()) + 0.08
    garment.lining = np.vstack(
        [smooth([(-half - 0.02, 1.43), (0, back), (half + 0.02, 1.43)]), [(half * 0.9, low), (-half * 0.9, low)]]
    )
    _sleeves(garment, cut, pose)
    _finish(garment, cut, half)
    return garment


def _sleeves(garment: Garment, cut: Cut, pose: Pose) -> None:
    if cut.sleeve <= 0:
        return
    width = 0.225 + 0.45 * cut.ease
    for side in (0, 1):
        inner, (sx, sy), (ex, ey), (wx, wy) = pose.arm(side, 0.66)
        if cut.sleeve <= 0.55:
            share = min(1.0, cut.sleeve / 0.52)
            joints = [inner, (sx, sy), (sx + (ex - sx) * share, sy + (ey - sy) * share)]
            widths = [0.22, width, width * 1.08]
        else:
            share = (cut.sleeve - 0.52) / 0.48
            joints = [inner, (sx, sy), (ex, ey), (ex + (wx - ex) * share, ey + (wy - ey) * share)]
            full = 1.1 if cut.garment_type == "blouse" else 0.8
            widths = [0.22, width, width, width * full, width * full * 0.95, 0.13 + 0.2 * cut.ease]
        garment.parts.append(Part(limb(joints, widths), "limb", over_arms=True))
        garment.seams.append(smooth([(sx * 0.83, sy - 0.33), (sx * 0.86, sy), (sx * 0.8, sy + 0.34)]))
        if len(joints) == 4:
            (ex, ey), (wx, wy) = joints[2:]
            garment.seams.append(_cuff((ex, ey), (wx, wy), 0.14 + 0.2 * cut.ease))


def _cuff(elbow: Point, wrist: Point, half: float) -> Outline:
    """The seam of a cuff, across the arm a little above the end of the sleeve."""
    along = np.subtract(wrist, elbow) / np.hypot(*np.subtract(wrist, elbow))
    middle = np.asarray(wrist) - 0.16 * along
    across = np.array([-along[1], along[0]]) * half * 1.15
    return np.vstack([middle - across, middle + across])


def _finish(garment: Garment, cut: Cut, half: float) -> None:
    """Collars, hoods, buttons and pockets."""
    if cut.neck == "collar":
        for sign in (-1, 1):
            flap = np.array([(sign * 0.2, 1.27), (sign * 0.33, 1.42), (sign * 0.24, 1.74), (sign * 0.02, 1.56)])
            garment.parts.append(Part(flap, "flat", over_arms=True))
            garment.seams.append(flap[1:])
        garment.seams.append(np.array([(0.05, 1.62), (0.05, cut.hem + 0.12)]))
        garment.buttons += [(0.0, y) for y in np.arange(1.72, cut.hem - 0.05, 0.32)]
        garment.lining = np.array([(-0.2, 1.28), (0.2, 1.28), (0.22, 1.45), (0, 1.66), (-0.22, 1.45)])
    elif cut.neck == "roll":
        roll = np.vstack(
            [smooth([(-0.25, 1.08), (0, 1.02), (0.25, 1.08)]), smooth([(0.31, 1.46), (0, 1.58), (-0.31, 1.46)])]
        )
        garment.parts.append(Part(roll, "flat", over_arms=True))
        garment.seams.append(smooth([(0.3, 1.45), (0, 1.57), (-0.3, 1.45)]))
        garment.lining = None
    elif cut.neck == "hood":
        outer = smooth([(-0.58, 1.5), (-0.5, 1.12), (-0.3, 0.95), (0.3, 0.95), (0.5, 1.12), (0.58, 1.5)])
        inner = smooth([(0.24, 1.72), (0.3, 1.3), (0.0, 1.16), (-0.3, 1.3), (-0.24, 1.72)])
        garment.parts.append(Part(np.vstack([outer, inner]), "flat", over_arms=True))
        garment.lining = np.vstack(
            [smooth([(-0.29, 1.3), (0, 1.12), (0.29, 1.3)]), smooth([(0.24, 1.66), (0, 1.72), (-0.24, 1.66)])]
        )
        garment.seams += [np.array([(sign * 0.13, 1.68), (sign * 0.15, 2.25)]) for sign in (-1, 1)]
        pocket = [(-0.34, 3.1), (0.34, 3.1), (0.52, 3.72), (-0.52, 3.72), (-0.34, 3.1)]
        garment.seams.append(np.array(pocket))
    elif cut.sleeve >= 0:
        garment.seams.append(
            {
                "round": smooth(
                    [(-half - 0.05, 1.43), (-half * 0.85, 1.66), (0, 1.74), (half * 0.85, 1.66), (half + 0.05, 1.43)]
                )
            }.get(cut.neck, np.array([(half, 1.43), (half, 1.44)]))
        )
