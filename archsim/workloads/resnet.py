"""ResNet and its relatives: He et al. arXiv:1512.03385, ResNeXt arXiv:1611.05431, Wide ResNet arXiv:1605.07146.

The stride of a bottleneck stands in its 3x3 convolution ("v1.5"), as in the published weights.
"""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network

BASIC = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
BOTTLENECK = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
PLANES = (64, 128, 256, 512)
EXPANSION = 4


def resnet(
    *,
    depth: int = 50,
    groups: int = 1,
    group_width: int = 64,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build a ResNet of `depth` layers.

    Parameters
    ----------
    depth : int
        18 and 34 have basic blocks, 50, 101 and 152 bottlenecks.
    groups, group_width : int
        Groups of a bottleneck's 3x3 convolution, and channels per group in the first stage.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        A depth that was never published, or groups in a basic block.
    """
    blocks = (BASIC | BOTTLENECK).get(depth)
    if blocks is None:
        known = ", ".join(str(known) for known in BASIC | BOTTLENECK)
        raise UsageError(f"ResNet has no depth={depth}", hint=f"write one of {known}")
    if depth in BASIC and (groups, group_width) != (1, 64):
        problem = f"ResNet-{depth} has basic blocks, which take no groups={groups}, group_width={group_width}"
        raise UsageError(problem, hint="choose depth 50 or more")
    b, x = image_network(f"resnet{depth}", batch, image, dtype)
    x = conv_norm(b, x, PLANES[0], 7, stride=2, name="stem")
    x = b.pool(x, 3, stride=2, padding=1, name="stem/pool")
    for stage, (planes, repeats) in enumerate(zip(PLANES, blocks, strict=True), 1):
        for number in range(1, repeats + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            with b.scope(f"stage{stage}/block{number}"):
                if depth in BASIC:
                    x = _basic(b, x, planes, stride)
                else:
                    x = _bottleneck(b, x, planes, planes * group_width // 64 * groups, groups=groups, stride=stride)
    classifier(b, x, classes)
    return b.build()


def _basic(b: GraphBuilder, x: Tensor, planes: int, stride: int) -> Tensor:
    y = conv_norm(b, x, planes, 3, stride=stride, name="conv1")
    y = conv_norm(b, y, planes, 3, activation="", name="conv2")
    return _join(b, x, y, stride)


def _bottleneck(b: GraphBuilder, x: Tensor, planes: int, width: int, *, groups: int, stride: int) -> Tensor:
    y = conv_norm(b, x, width, 1, name="conv1")
    y = conv_norm(b, y, width, 3, stride=stride, groups=groups, name="conv2")
    y = conv_norm(b, y, planes * EXPANSION, 1, activation="", name="conv3")
    return _join(b, x, y, stride)


def _join(b: GraphBuilder, x: Tensor, y: Tensor, stride: int) -> Tensor:
    """Add the shortcut, projected where the shape changes."""
    if x.shape != y.shape:
        x = conv_norm(b, x, y.shape[1], 1, stride=stride, activation="", name="shortcut")
    return b.elementwise("relu", b.elementwise("add", y, x))


for _depth in BASIC | BOTTLENECK:
    register(f"resnet{_depth}", resnet, f"ResNet-{_depth}, He et al. 2016", group="cnn", depth=_depth)
for _depth, _groups, _width in ((50, 32, 4), (101, 32, 8), (101, 64, 4)):
    register(
        f"resnext{_depth}-{_groups}x{_width}d",
        resnet,
        f"ResNeXt-{_depth} {_groups}x{_width}d, Xie et al. 2017",
        group="cnn",
        depth=_depth,
        groups=_groups,
        group_width=_width,
    )
for _depth in (50, 101):
    register(
        f"wide-resnet{_depth}-2",
        resnet,
        f"Wide ResNet-{_depth}-2, Zagoruyko and Komodakis 2016",
        group="cnn",
        depth=_depth,
        group_width=128,
        aliases=(f"wrn-{_depth}-2",),
    )
