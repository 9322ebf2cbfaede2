"""A drawn person: pose, skin, hair, face; measures are in heads, y down from the top of the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import PERSON, Array, Canvas, Outline, ellipse, limb, smooth
from .colours import lch_to_light
from .fabric import folds

Point = tuple[float, float]
#: Shoulder, elbow, wrist, hip, knee and ankle of one side.
_Bones = tuple[Point, Point, Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the joints are, in heads; the middle of the body is x = 0.

    Attributes:
        shoulder, elbow, wrist, hip, knee, ankle: left and right of the picture.
        bust, waist, hips: half-widths of the body.
    """

    shoulder: tuple[Point, Point]
    elbow: tuple[Point, Point]
    wrist: tuple[Point, Point]
    hip: tuple[Point, Point]
    knee: tuple[Point, Point]
    ankle: tuple[Point, Point]
    bust: float
    waist: float
    hips: float

    def arm(self, side: int, inset: float) -> list[Point]:
        """From inside the shoulder over its round to elbow and wrist (side 0 is left of the picture, 1 right).

        `inset` says where the line begins, as a share of the way from the middle of the body to the shoulder.
        """
        sx, sy = self.shoulder[side]
        return [(sx * inset, sy + 0.12), (sx * 0.97, sy + 0.27), self.elbow[side], self.wrist[side]]

    def leg(self, side: int) -> list[Point]:
        """Hip, knee, ankle of one side."""
        return [self.hip[side], self.knee[side], self.ankle[side]]


@dataclass(frozen=True, slots=True)
class View:
    """From heads to pixels: scale, shift, a turn, and a sway of the hips that bends everything alike."""

    scale: float
    dx: float
    dy: float
    turn: float = 0.0
    sway: float = 0.0

    def __call__(self, outline: Outline) -> Outline:
        """The outline in pixels."""
        p = np.asarray(outline, float).copy()
        p[:, 0] += self.sway * np.exp(-(((p[:, 1] - 3.7) / 1.6) ** 2))
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        middle = np.array([0.0, 3.5])
        p = (p - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle
        return p * self.scale + (self.dx, self.dy)


def _reach(start: Point, angle: float, length: float) -> Point:
    """The end of a bone; the angle is 0 straight down, positive to the right."""
    return start[0] + length * float(np.sin(angle)), start[1] + length * float(np.cos(angle))


def _pose(bones: list[_Bones], bust: float, waist: float, hips: float) -> Pose:
    """A pose of the joints of the left and of the right side of the picture."""
    left, right = bones
    shoulder, elbow, wrist, hip, knee, ankle = zip(left, right, strict=True)
    return Pose(shoulder, elbow, wrist, hip, knee, ankle, bust, waist, hips)


def standing(rng: np.random.Generator) -> Pose:
    """A person standing in front of the camera, each time a little different."""
    broad = rng.uniform(0.78, 0.96)
    slim = rng.uniform(0.9, 1.1)
    bones: list[_Bones] = []
    on_hip = int(rng.integers(0, 6))
    stance = rng.uniform(0.0, 0.16)
    for side, sign in enumerate((-1, 1)):
        shoulder = (sign * broad, 1.62)
        if on_hip == side:
            upper, lower = rng.uniform(0.55, 0.7), rng.uniform(-0.75, -0.62)
        else:
            upper, lower = rng.uniform(0.12, 0.26), rng.uniform(-0.02, 0.2)
        elbow = _reach(shoulder, sign * upper, 1.32)
        wrist = _reach(elbow, sign * lower, 1.18)
        hip = (sign * 0.36 * slim, 3.95)
        bend = rng.uniform(-0.05, 0.1)
        knee = (hip[0] + sign * (stance * 0.5 + bend * 0.6), 5.7)
        ankle = (hip[0] + sign * (stance - 0.06), 7.3)
        bones.append((shoulder, elbow, wrist, hip, knee, ankle))
    waist = rng.uniform(0.5, 0.62) * slim
    return _pose(bones, bust=0.68 * slim, waist=waist, hips=0.74 * slim)


def spread(rng: np.random.Generator) -> Pose:
    """The pose of a garment laid flat: arms a little away from the body, legs side by side."""
    upper = rng.uniform(0.2, 0.5)
    lower = upper - rng.uniform(0.0, 0.14)
    bones: list[_Bones] = []
    apart = rng.uniform(-0.02, 0.06)
    for sign in (-1, 1):
        shoulder = (sign * 0.92, 1.62)
        elbow = _reach(shoulder, sign * upper, 1.3)
        wrist = _reach(elbow, sign * lower, 1.2)
        knee, ankle = (sign * (0.4 + apart), 5.7), (sign * (0.4 + 1.6 * apart), 7.3)
        bones.append((shoulder, elbow, wrist, (sign * 0.4, 3.95), knee, ankle))
    return _pose(bones, bust=0.78, waist=0.7, hips=0.8)


@dataclass(frozen=True, slots=True)
class Looks:
    """What does not depend on the pose: skin and hair (linear light) and the way the hair is worn."""

    skin: Array
    hair: Array
    style: str


def looks(rng: np.random.Generator) -> Looks:
    """Skin from fair to deep, hair from blond to black, five ways to wear it."""
    depth = rng.uniform(0, 1)
    skin = lch_to_light(83 - 48 * depth**1.2, 17 + 9 * np.sin(np.pi * depth), 62 - 6 * depth + rng.uniform(-4, 4))
    if depth < 0.45 and rng.random() < 0.45:
        hair = lch_to_light(rng.uniform(42, 70), rng.uniform(18, 34), rng.uniform(58, 78))
    else:
        hair = lch_to_light(rng.uniform(8, 26), rng.uniform(3, 16), rng.uniform(30, 70))
    return Looks(skin, hair, str(rng.choice(["long", "bob", "bun", "short", "waves"])))


def _skin(
    canvas: Canvas, rng: np.random.Generator, view: View, outline: Outline, light: Array, sun: float, kind: str
) -> None:
    stencil = canvas.stencil(view(outline))
    if stencil is not None:
        shade = folds(rng, stencil, kind, 0.25, sun)
        canvas.paint(stencil, light * shade[..., None], PERSON)


def draw_back_hair(canvas: Canvas, rng: np.random.Generator, view: View, person: Looks, sun: float) -> None:
    """Hair that falls behind the shoulders; drawn before the body."""
    lengths = {"long": 2.15, "waves": 1.9, "bob": 1.2}
    if person.style not in lengths:
        return
    end = lengths[person.style]
    side = smooth(
        [(0.0, -0.06), (0.36, 0.1), (0.47, 0.55), (0.5, 0.95 if end < 1.5 else 1.3), (0.44, end), (0.2, end + 0.05)]
    )
    outline = np.vstack([side, (side * (-1, 1))[::-1]])
    _hair(canvas, rng, view, outline, person.hair * 0.8, sun)


def _hair(canvas: Canvas, rng: np.random.Generator, view: View, outline: Outline, light: Array, sun: float) -> None:
    stencil = canvas.stencil(view(outline))
    if stencil is not None:
        shade = folds(rng, stencil, "drape", 0.9, sun, pleats=9) * 1.02
        canvas.paint(stencil, light * shade[..., None], PERSON)


def draw_body(canvas: Canvas, rng: np.random.Generator, view: View, pose: Pose, person: Looks, sun: float) -> None:
    """Trunk, neck and legs; the arms come later because they lie over the clothes."""
    for side in (0, 1):
        _skin(canvas, rng, view, limb(pose.leg(side), [0.36, 0.33, 0.21, 0.2, 0.115]), person.skin, sun, "limb")
    right = smooth(
        [
            (0.17, 0.85),
            (0.19, 1.3),
            (0.5, 1.45),
            (pose.shoulder[1][0], 1.6),
            (pose.bust, 2.2),
            (pose.waist, 2.95),
            (pose.hips, 3.75),
            (0.4, 4.15),
        ]
    )
    _skin(canvas, rng, view, np.vstack([right, (right * (-1, 1))[::-1]]), person.skin, sun, "torso")
    under_chin = canvas.stencil(view(ellipse(0, 1.0, 0.165, 0.1)))
    canvas.darken(under_chin, 0.3)


def draw_arms(canvas: Canvas, rng: np.random.Generator, view: View, pose: Pose, person: Looks, sun: float) -> None:
    """Arms and hands, over torso and skirt; the sleeves cover them afterwards."""
    for side in (0, 1):
        _skin(
            canvas,
            rng,
            view,
            limb(pose.arm(side, 0.74), [0.16, 0.2, 0.185, 0.15, 0.145, 0.1]),
            person.skin,
            sun,
            "limb",
        )
        (ex, ey), (wx, wy) = pose.elbow[side], pose.wrist[side]
        length = float(np.hypot(wx - ex, wy - ey))
        ux, uy = (wx - ex) / length, (wy - ey) / length
        palm = [(wx - 0.06 * ux, wy - 0.06 * uy), (wx + 0.22 * ux, wy + 0.22 * uy), (wx + 0.5 * ux, wy + 0.5 * uy)]
        _skin(canvas, rng, view, limb(palm, [0.085, 0.125, 0.12, 0.05]), person.skin * 0.97, sun, "limb")


def draw_head(canvas: Canvas, rng: np.random.Generator, view: View, person: Looks, sun: float) -> None:
    """Face and the hair around it."""
    right = smooth([(0.0, 0.02), (0.26, 0.08), (0.36, 0.4), (0.33, 0.68), (0.2, 0.92), (0.0, 1.0)])
    _skin(canvas, rng, view, np.vstack([right, (right * (-1, 1))[::-1]]), person.skin * 1.03, sun, "torso")
    for sign in (-1, 1):
        eye = ellipse(sign * 0.145, 0.5, 0.058, 0.026)
        canvas.paint(
            canvas.stencil(view(eye)), np.array([0.75, 0.73, 0.7], np.float32) * min(1.0, person.skin.max() + 0.3), None
        )
        canvas.paint(
            canvas.stencil(view(ellipse(sign * 0.145, 0.5, 0.028, 0.028))),
            np.array([0.03, 0.02, 0.015], np.float32),
            None,
        )
        canvas.darken(
            canvas.stroke(
                view(smooth([(sign * 0.075, 0.485), (sign * 0.145, 0.462), (sign * 0.215, 0.49)])),
                max(1.0, 0.02 * view.scale),
            ),
            0.75,
        )
        brow = smooth([(sign * 0.07, 0.405), (sign * 0.15, 0.375), (sign * 0.23, 0.41)])
        stroke = canvas.stroke(view(brow), max(1.0, 0.03 * view.scale))
        canvas.paint(stroke, person.hair * 0.7 + person.skin * 0.1, None)
        canvas.darken(canvas.stencil(view(ellipse(sign * 0.2, 0.63, 0.1, 0.08))), 0.05)
    canvas.darken(
        canvas.stroke(
            view(smooth([(0.03, 0.52), (0.055, 0.64), (0.0, 0.675), (-0.045, 0.66)])), max(0.8, 0.018 * view.scale)
        ),
        0.2,
    )
    lips = person.skin * np.array([0.8, 0.42, 0.42], np.float32)
    canvas.paint(
        canvas.stencil(
            view(
                np.vstack(
                    [
                        smooth([(-0.115, 0.79), (-0.04, 0.765), (0, 0.775), (0.04, 0.765), (0.115, 0.79)]),
                        smooth([(0.115, 0.79), (0, 0.84), (-0.115, 0.79)]),
                    ]
                )
            )
        ),
        lips,
        None,
    )
    _draw_front_hair(canvas, rng, view, person, sun)


def _draw_front_hair(canvas: Canvas, rng: np.random.Generator, view: View, person: Looks, sun: float) -> None:
    parting = rng.uniform(-0.15, 0.15)
    down = {"long": 1.0, "waves": 0.95, "bob": 0.9, "bun": 0.42, "short": 0.45}[person.style]
    for sign in (-1, 1):
        outer = smooth(
            [(parting, -0.08), (sign * 0.3, -0.02), (sign * 0.43, 0.3), (sign * 0.42, down * 0.8), (sign * 0.39, down)]
        )
        inner = smooth([(sign * 0.345, down * 0.95), (sign * 0.345, 0.42), (sign * 0.25, 0.24), (parting, 0.1)])
        _hair(canvas, rng, view, np.vstack([outer, inner]), person.hair, sun)
    if person.style == "bun":
        _hair(canvas, rng, view, ellipse(0.02, -0.16, 0.2, 0.17), person.hair, sun)
