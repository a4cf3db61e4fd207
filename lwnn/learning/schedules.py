"""How the learning rate changes over the epochs."""


def cooldown(epoch, epochs):
    """Factor on the rate: 1 in the first half of the epochs, then falling evenly towards 0.

    Hinton's own Forward-Forward program cools down this way; it serves every rule.

    Parameters
    ----------
    epoch : int
        From 1 to `epochs`.
    epochs : int
    """
    return min(1.0, 2 * (epochs - epoch + 1) / (epochs + 2))
