"""``archsim serve``: a language model on a machine, request by request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.study.serving import Serving

Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="Name of a language model, or a Hugging Face config.json.",
                   autocompletion=options.complete_workloads, show_default=False),
]  # fmt: skip
Prompt = Annotated[
    str, typer.Option("--prompt", metavar="N", help="Tokens each request reads.", rich_help_panel="Workload")
]
Generate = Annotated[
    str, typer.Option("--generate", metavar="N", help="Tokens each request writes.", rich_help_panel="Workload")
]
Batch = Annotated[
    str,
    typer.Option("--batch", "-b", metavar="N", help="Requests served together.", rich_help_panel="Workload"),
]
Share = Annotated[
    str,
    typer.Option("--memory-share", metavar="SHARE", help="Share of the memory that may be filled.",
                 rich_help_panel="Hardware"),
]  # fmt: skip
ChipPrice = Annotated[
    str, typer.Option("--chip-price", metavar="PRICE", help="Of one chip per hour.", rich_help_panel="Cost")
]
Electricity = Annotated[str, typer.Option("--electricity", metavar="PRICE", help="Of one kWh.", rich_help_panel="Cost")]
Overhead = Annotated[
    str,
    typer.Option("--pue", metavar="FACTOR", help="Power drawn for each watt of the chips.", rich_help_panel="Cost"),
]


def serve(
    model: Model,
    hardware: options.Hardware,
    prompt: Prompt = "512",
    generate: Generate = "128",
    batch: Batch = "1",
    param: options.Parameter = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    memory_share: Share = "0.9",
    chip_price: ChipPrice = "0",
    electricity: Electricity = "0",
    pue: Overhead = "1",
    as_json: options.AsJson = False,
    output: options.Output = None,
) -> None:
    """Serve a language model: time to first token, time per token, what fits, what a token costs."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.study.serving import Prices, serve

    where = target(as_json, output=output)
    numbers = {
        "prompt": inputs.whole_number("--prompt", prompt),
        "output": inputs.whole_number("--generate", generate),
        "batch": inputs.whole_number("--batch", batch),
    }
    share = inputs.number("--memory-share", memory_share)
    prices = Prices(
        inputs.number("--chip-price", chip_price),
        inputs.number("--electricity", electricity),
        inputs.number("--pue", pue, least=1.0),
    )
    chosen = inputs.pairs("--policy", policy, example="tensor_parallel=8")
    parameters = inputs.pairs("--param", param, example="dtype=bf16")
    machine = inputs.load_machine(hardware, sets)
    named = inputs.existing(model, (".json",)) if model.lower().endswith(".json") else model
    served = serve(
        str(named) if isinstance(named, Path) else named, machine, chosen, memory_share=share, prices=prices,
        parameters=parameters, **numbers,
    )  # fmt: skip
    deliver(where, data=served.to_dict, blocks=lambda: blocks(served), warnings=served.warnings)


def blocks(served: Serving) -> list[Block]:
    """Return what people read."""
    from archsim.cli.screen import Facts, Line
    from archsim.engine.tables import count
    from archsim.units import DATA, ENERGY, POWER, TIME, format_quantity

    request, room = served.request, served.room
    shared = f", {served.chips // served.copies} share a copy" if served.copies < served.chips else ""
    copies = f"{served.copies} copies" if served.copies > 1 else "one copy"
    batches = f"{request.batch} requests at a time" if request.batch > 1 else "one request at a time"
    kept = " + ".join(format_quantity(amount, DATA) for amount in (room.weights, room.cache, room.activations))
    step = served.decode.bound if served.decode else "nothing"
    facts = [
        ("request", f"{request.prompt} tokens read, {request.output} written; {batches}"),
        ("on", f"{served.chips} chip{'s' if served.chips > 1 else ''}, {copies}{shared}"),
        ("first token", f"{format_quantity(served.first_token, TIME)}, bound by {served.prefill.bound}"),
        ("per token", f"{format_quantity(served.per_token, TIME)}, bound by {step}"),
        ("request takes", format_quantity(served.latency, TIME)),
        ("throughput", f"{count(served.throughput)} tokens/s, {count(served.decode_throughput)} while decoding"),
        ("MFU", f"{100 * served.prefill_mfu:.1f} % of the arithmetic in prefill, {100 * served.decode_mfu:.1f} % "
                "in decode"),
        ("MBU", f"{100 * served.mbu:.1f} % of the memory's bandwidth in decode" if served.mbu else "none to speak of"),
        ("power", format_quantity(served.power, POWER)),
        ("energy", f"{format_quantity(served.energy_per_token, ENERGY)} per token"),
        ("memory", f"{kept} = {format_quantity(room.needed, DATA)} a chip: weights, keys and values, activations"),
        ("cache", f"{format_quantity(served.cache_per_request, DATA)} a request at full length"),
        ("largest batch", "without limit" if served.largest_batch is None else str(served.largest_batch)),
    ]  # fmt: skip
    if served.cost:
        facts.append(("cost", f"{served.cost:.4g} per million tokens"))
    return [Line(f"{served.model} on {served.hardware}", "bold"), Facts(tuple(facts))]
