"""The figures of ``networks.py`` as a table and as a document."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def processor() -> str:
    """The processor's model name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def table(result: Mapping[str, Any]) -> str:
    """The figures as a Markdown table."""
    heads = ("", "input", f"ms, batch of {result['batch']}", "ms, batch of 1", "GFLOP", "GFLOP/s", "of torch.mm")
    lines = [heads, ("---", "---", *["---:"] * 5)]
    for row in result["rows"]:
        numbers = (f"{row['ms_batch']:.1f}", f"{row['ms_single']:.1f}", f"{row['gflop']:.2f}", f"{row['gflops']:.1f}")
        lines.append((row["name"], row["input"], *numbers, f"{row['share_of_matrix_product']:.0%}"))
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    texts = []
    for number, line in enumerate(lines):
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width, "-" if number == 1 else " ")
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        texts.append(f"| {' | '.join(cells)} |")
    return "\n".join(texts)


def document(result: Mapping[str, Any], text: str) -> str:
    """The table with everything that one needs to know to measure it again."""
    matrix, shipped = result["matrix"], result["shipped"]
    note = "\nSmall inputs, for a test: these figures mean nothing.\n" if result["tiny"] else ""
    return f"""# What the networks cost
{note}
Written by `{result["command"]}`; torch {result["torch"]}, {result["threads"]} threads, processor {result["processor"]}.

{text}

Milliseconds are per picture, medians of {result["repeats"]} repeats in which everything took its turn, on the same
pictures ({result["pictures"]}). Segmentation {shipped["segmentation"]}, attributes {shipped["attributes"]}; the
networks that they are compared with are untrained. In all of them the normalisations are part of the convolutions
(`inference/fused.py`); what the members of the ensemble have in common is computed once (`inference/ensemble.py`). Only
networks are measured: no reading, no cutting out, no attention.

GFLOP: operations per picture, a multiply-add being two, counted by `torch.utils.flop_counter.FlopCounterMode`, that is,
those of convolutions and matrix products. GFLOP/s: in the batch of {result["batch"]}. The last column compares it with
`torch.mm` of float32 matrices of {matrix["size"]} x {matrix["size"]} with the same threads in the same run:
{matrix["gflops"]:.1f} GFLOP/s (fastest: {matrix["gflops_fastest"]:.1f}).

"Attributes from its encoder" is the shipped U-Net with one untrained layer of outputs on its encoder's last map. It
says only what sharing the encoder could save at most, not how well such a network would do: one network in place of an
ensemble, which sees the whole picture, not the product.
"""
