"""What is promised, and what a peer takes, for the table.

The peer's figures are those of CMSIS-NN's int8 fully-connected kernels, weights quantized per
tensor, -O3, counted once in the same way (QEMU 7.2, -icount); AIfES stands in on AVR.
"""

#: Core to most instructions (cycles on AVR) of one inference, net by net.
LIMITS = {
    "m4": {"64-32-10": 2_800, "784-32-10": 24_500, "784-128-10": 95_000},
    "m0": {"64-32-10": 11_500, "784-32-10": 98_000, "784-128-10": 380_000},
    "m55": {"64-32-10": 765, "784-32-10": 4_900, "784-128-10": 19_000},
    "avr": {"64-32-10": 52_000},
}
PEERS = {
    "m4": {"64-32-10": 6_838, "784-32-10": 50_042, "784-128-10": 197_687},
    "m0": {"64-32-10": 19_276, "784-32-10": 160_409, "784-128-10": 627_191},
    "m55": {"64-32-10": 2_125, "784-32-10": 12_925, "784-128-10": 49_921},
    "avr": {"64-32-10": 252_840},
}
#: Of 64-32-10 on M4.
MOST_FLASH = 1_300
MOST_STACK = 160
