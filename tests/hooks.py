"""What a network is given."""


def shown_to(net, act):
    """The inputs of a network while ``act`` runs, in order."""
    seen = []
    hook = net.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    act()
    hook.remove()
    return seen
