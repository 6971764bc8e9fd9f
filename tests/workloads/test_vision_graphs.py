"""What image networks are made of besides MACs: data movement, names, sizes, errors."""

import pytest

from archsim.errors import UsageError
from archsim.graph import Role, check_graph
from archsim.graph.counts import count
from archsim.graph.fusion import fuse
from archsim.workloads import find, generators, workload
from archsim.workloads.regnet import VARIANTS, stages

ONE_OF_EACH = (
    "alexnet",
    "vgg11-bn",
    "resnet18",
    "resnext50-32x4d",
    "densenet121",
    "mobilenet-v2",
    "mobilenet-v3-small",
    "efficientnet-b0",
    "efficientnet-v2-s",
    "convnext-t",
    "googlenet",
    "inception-v3",
    "mnasnet0-5",
    "shufflenet-v2-x0-5",
    "squeezenet1-1",
    "regnet-y-400mf",
    "swin-t",
    "swin-v2-t",
    "vit-b32",
    "mixer-s16",
    "maxvit-t",
)


def moves(graph):
    found = {}
    for op in graph.ops:
        if op.kind == "move":
            found[op.work.function] = found.get(op.work.function, 0) + 1
    return found


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_batch_multiplies_work_and_keeps_weights(name):
    one, eight = workload(name), workload(name, batch=8)
    shared = sum(op.macs for op in one.ops if "position" in op.name)  # V2's biases are computed once per run
    assert count(eight).macs - shared == 8 * (count(one).macs - shared)
    assert count(eight).parameters == count(one).parameters
    assert (eight.items, eight.item) == (8, "image")


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_ends_in_classes_and_fuses_legally(name):
    graph = workload(name, batch=2, classes=10)
    assert [graph.tensors[out].shape for out in graph.outputs] == [(2, 10)]
    for policy in ("none", "full"):
        check_graph(fuse(graph, policy))


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_number_format_reaches_every_tensor(name):
    graph = workload(name, dtype="fp32")
    assert {tensor.dtype for tensor in graph.tensors.values()} <= {"fp32", "int64"}
    assert count(graph).weight_bytes == 4 * count(graph).parameters


@pytest.mark.parametrize("name", ["vgg16", "resnet50", "densenet121", "swin-t", "convnext-t", "googlenet", "alexnet"])
@pytest.mark.parametrize("image", [160, 250, 256])
def test_other_image_sizes_build(name, image):
    larger, standard = count(workload(name, image=image)), count(workload(name))
    assert larger.parameters == standard.parameters
    assert (larger.macs > standard.macs) == (image > 224)


def test_densenet_concatenates_before_every_layer_but_the_first():
    graph = workload("densenet121")
    assert moves(graph) == {"concat": sum((6, 12, 24, 16))}
    last = next(op for op in graph.ops if op.name == "block1/concat")
    assert last.work.elements == (64 + 6 * 32) * 56 * 56


def test_shufflenet_moves_half_and_shuffles_all():
    graph = workload("shufflenet-v2-x1-0")
    assert moves(graph) == {"concat": 16, "channel_shuffle": 16}
    first = next(op for op in graph.ops if op.name == "stage2/unit2/conv1")
    assert first.elements_read(graph.tensors)["stage2/unit1/channel_shuffle"] == 58 * 28 * 28


def test_swin_permutes_and_rolls():
    found = moves(workload("swin-t"))
    assert found["window_partition"] == found["window_reverse"] == 12
    assert found["roll"] == 2 * 5  # every second block, but not where one window covers the map
    assert found["patch_merge"] == 3
    assert "pad" not in found
    assert moves(workload("swin-t", image=256))["pad"] > 0


def test_branches_join_and_mixers_turn():
    assert moves(workload("googlenet")) == {"concat": 9}
    assert moves(workload("inception-v3")) == {"concat": 11}
    assert moves(workload("squeezenet1-0")) == {"concat": 8}
    assert moves(workload("mixer-b16")) == {"transpose": 24}
    assert moves(workload("resnet50")) == {}


def test_inception_stores_its_auxiliary_classifier_without_running_it():
    stored, lean = workload("inception-v3"), workload("inception-v3", auxiliary=False)
    assert len(stored.ops) == len(lean.ops)
    assert count(stored).macs == count(lean).macs
    assert count(stored).parameters - count(lean).parameters == 27_161_264 - 23_834_568


def test_pooling_normalising_and_exciting_are_ops_of_their_own():
    kinds = [op.kind for op in workload("resnet50").ops]
    assert kinds.count("conv") == kinds.count("normalise") == 53
    assert kinds.count("reduce") == 2
    assert kinds.count("elementwise") == 49 + 16
    excited = [op for op in workload("efficientnet-b0").ops if op.name.endswith("excite/scale")]
    assert len(excited) == 16
    assert not any(getattr(op.work, "function", "") == "dropout" for op in workload("alexnet").ops)


def test_batch_norm_statistics_are_state():
    graph = workload("resnet18")
    state = sum(tensor.elements for tensor in graph.tensors.values() if tensor.role is Role.STATE)
    assert state == 2 * 4800  # channels of all 20 batch norms


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name not in ("x-4gf", "y-4gf", "y-8gf")])
def test_regnet_rounding_rules_agree_elsewhere(variant):
    assert stages(*VARIANTS[variant]) == stages(*VARIANTS[variant], nearest=True)


def test_regnet_stage_widths_of_the_paper():
    assert stages(*VARIANTS["x-3.2gf"]) == [(96, 2, 48), (192, 6, 48), (432, 15, 48), (1008, 2, 48)]
    assert [width for width, _, _ in stages(*VARIANTS["y-8gf"], nearest=True)] == [168, 448, 896, 2016]


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("RegNet_Y_16GF", "regnet-y-16gf"),
        ("RegNet_Y_1_6GF", "regnet-y-1-6gf"),
        ("regnety16gf", "regnet-y-16gf"),
        ("regnet-y-1.6gf", "regnet-y-1-6gf"),
        ("RegNet_X_32GF", "regnet-x-32gf"),
        ("RegNet_X_3_2GF", "regnet-x-3-2gf"),
        ("ViT_B_16", "vit-b16"),
        ("vit-b-16", "vit-b16"),
        ("ConvNeXt_Tiny", "convnext-t"),
        ("Wide_ResNet50_2", "wide-resnet50-2"),
        ("mnasnet1.0", "mnasnet1-0"),
        ("SqueezeNet1_1", "squeezenet1-1"),
        ("swin_v2_t", "swin-v2-t"),
        ("MaxVit_T", "maxvit-t"),
    ],
)
def test_spellings(spelling, name):
    assert find(spelling).name == name


def test_every_image_network_finds_itself():
    for generator in generators():
        if generator.build.__module__.rsplit(".", 1)[-1] in ("regnet", "shufflenet", "mnasnet", "efficientnet"):
            assert find(generator.name) is generator
            assert all(find(alias) is generator for alias in generator.aliases)


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("resnet50", {"depth": 42}, "18, 34, 50, 101, 152"),
        ("resnet18", {"groups": 32}, "50 or more"),
        ("vgg16", {"depth": 12}, "11, 13, 16, 19"),
        ("densenet121", {"depth": 122}, "121"),
        ("efficientnet-b0", {"variant": "b9"}, "b7"),
        ("regnet-y-8gf", {"variant": "y-9gf"}, "y-8gf"),
        ("squeezenet1-0", {"version": "2"}, "1.1"),
        ("shufflenet-v2-x1-0", {"width": 3.0}, "2.0"),
        ("mobilenet-v3-large", {"size": "medium"}, "small"),
        ("convnext-t", {"size": "huge"}, "xlarge"),
        ("swin-t", {"size": "xl"}, "b, l"),
        ("swin-t", {"version": 3}, "1 or 2"),
        ("vit-b16", {"image": 225}, "224"),
        ("vit-b16", {"heads": 7}, "multiple"),
        ("maxvit-t", {"image": 256}, "224"),
    ],
)
def test_wrong_arguments_are_quoted_with_what_to_write(name, wrong, hint):
    with pytest.raises(UsageError) as raised:
        workload(name, **wrong)
    assert str(next(iter(wrong.values()))) in raised.value.message
    assert hint in raised.value.hint
