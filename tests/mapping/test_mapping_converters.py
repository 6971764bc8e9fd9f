"""Converters of a machine: the law its description names, by hand, and what is refused."""

import math
from types import SimpleNamespace

import pytest

from archsim.arch.converter import Adc, Dac
from archsim.laws import adc
from archsim.mapping import converters

NAN = math.nan


def columns(part, law_names):
    """Return the columns of one part: the law as its index, what is left out as NaN."""
    values = {name: NAN if value is None else value for name, value in part.model_dump().items()}
    return {**values, "law": float(law_names.index(part.law))}


def machine(adc_part=None, dac_part=None, voltage=0.9, node=28e-9):
    found = {"process_voltage": voltage, "process_node": node}
    for prefix, part, kind in (("adc", adc_part, Adc), ("dac", dac_part, Dac)):
        if part is not None:
            names = kind.model_fields["law"].annotation.__args__
            found |= {f"{prefix}_{key}": value for key, value in columns(part, names).items()}
    return SimpleNamespace(**found)


@pytest.mark.parametrize(("fields", "bits", "joule"), [
    ({"law": "fixed", "energy": "2 pJ"}, 3.0, 2e-12),
    ({"law": "linear", "energy": "2 pJ"}, 4.0, 1e-12),
    ({"law": "sar", "capacitance": "100 fF", "noise_capacitance": "0.001 fF"}, 5.0, 501.024e-15 * 0.81),
    ({"law": "flash", "energy": "2.55 pJ"}, 4.0, 0.15e-12),
    ({"law": "counting", "energy": "1 pJ", "step": "1 fJ"}, 4.0, (1000 - (128 - 8)) * 1e-15),
    ({"law": "survey"}, 8.0, adc.regression_energy(8.0, 1e9, 28e-9)),
    ({"law": "survey", "quantile": 0.9}, 8.0, adc.surveyed_energy(8.0, 1e9, 28e-9, 0.9)),
    ({"law": "survey", "node": "65 nm"}, 8.0, adc.regression_energy(8.0, 1e9, 65e-9)),
    ({"law": "walden", "walden": "10 fJ/step"}, 8.0, 2.56e-12),
    ({"law": "schreier", "schreier": "174 dB"}, (74.0 - 1.76) / 6.02, 0.5e-10),
])  # fmt: skip
def test_an_output_converter_takes_what_its_law_says(fields, bits, joule):
    chip = machine(Adc(bits=8, rate="1 GHz", **fields))
    assert converters.adc_energy(chip, bits) == pytest.approx(joule, rel=1e-9)


@pytest.mark.parametrize(("law", "share"), [
    ("fixed", 1.0), ("linear", 0.5), ("weighted", (16 / 4) / (256 / 8)), ("binary", (16 / 5) / (256 / 9)),
])  # fmt: skip
def test_an_input_converter_takes_what_its_law_says(law, share):
    chip = machine(dac_part=Dac(bits=8, law=law, energy="1 pJ"))
    assert converters.dac_energy(chip, 4.0) == pytest.approx(share * 1e-12, rel=1e-9)


def test_area_is_the_one_described_else_the_survey_s_else_none():
    assert converters.adc_area(machine(Adc(bits=8, rate="1 GHz", energy="1 pJ", area="1200 um2"))) == 1200e-12
    assert converters.adc_area(machine(Adc(bits=8, rate="1 GHz", energy="1 pJ"))) == 0.0
    surveyed = machine(Adc(bits=8, rate="1.28 GHz", law="survey"), node=32e-9)
    assert converters.adc_area(surveyed) == pytest.approx(6.5e-9, rel=2e-2)


@pytest.mark.parametrize(("kind", "fields", "says"), [
    (Adc, {"bits": 30, "rate": "1 GHz", "energy": "1 pJ"}, "30 bits"),
    (Dac, {"bits": 30, "energy": "1 pJ"}, "30 bits"),
    (Adc, {"bits": 8, "rate": "1 GHz", "law": "sar"}, "capacitance"),
    (Adc, {"bits": 8, "rate": "1 GHz", "law": "survey", "quantile": 1.0}, "quantile 1"),
    (Adc, {"bits": 8, "rate": "1 GHz", "energy": "1 pJ", "quantile": 0.5}, "law 'fixed' takes none"),
    (Adc, {"bits": 8, "rate": "1 GHz", "law": "counting", "energy": "1 pJ", "step": "1 pJ"}, "more than the energy"),
])  # fmt: skip
def test_what_no_converter_can_be_is_refused(kind, fields, says):
    with pytest.raises(ValueError, match=says):
        kind(**fields)
