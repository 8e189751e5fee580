"""What is done to a gradient before any rule sees it, once for all rules."""


def prepared(p, g, scale, l2):
    """Scale the gradient (clipping; -1 to ascend), then add the L2 term's, in torch's order."""
    g = scale * g + l2 * p
    return g


NUMBERS = ("scale", "l2")
