"""Boards that people have, with what a sketch may fill of them."""

import dataclasses

from lwnn.errors import UsageError

_M0 = ("-mcpu=cortex-m0plus", "-mthumb")
_M3 = ("-mcpu=cortex-m3", "-mthumb")
_M4 = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")
_M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard")
_M33 = ("-mcpu=cortex-m33", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")


@dataclasses.dataclass(frozen=True)
class Board:
    """A board.

    Parameters
    ----------
    words : str
    target : str
        The core to lay weights out for.
    compiler : str or None
        Program that compiles for it; None where sizes are not measured.
    flags : tuple of str
        Which core, for the compiler.
    flash, ram : int
        Bytes that a program may fill: as the makers' board files say, boot loader left out.
    """

    words: str
    target: str
    compiler: str | None
    flags: tuple[str, ...]
    flash: int
    ram: int


def _arm(words, target, flags, flash, ram):
    return Board(words, target, "arm-none-eabi-gcc", flags, flash, ram)


def _avr(words, chip, flash, ram):
    return Board(words, "avr", "avr-gcc", (f"-mmcu={chip}",), flash, ram)


BOARDS = {
    "uno": _avr("Arduino Uno R3 (ATmega328P)", "atmega328p", 32_256, 2_048),
    "nano": _avr("Arduino Nano (ATmega328P)", "atmega328p", 30_720, 2_048),
    "leonardo": _avr("Arduino Leonardo (ATmega32U4)", "atmega32u4", 28_672, 2_560),
    "mega": _avr("Arduino Mega 2560", "atmega2560", 253_952, 8_192),
    "uno-r4": _arm("Arduino Uno R4 (RA4M1)", "m4", _M4, 262_144, 32_768),
    "zero": _arm("Arduino Zero (SAMD21)", "m0", _M0, 262_144, 32_768),
    "nano33": _arm("Arduino Nano 33 BLE (nRF52840)", "m4", _M4, 983_040, 262_144),
    "pico": _arm("Raspberry Pi Pico (RP2040)", "m0", _M0, 2_097_152, 270_336),
    "pico2": _arm("Raspberry Pi Pico 2 (RP2350)", "m4", _M33, 4_194_304, 532_480),
    "microbit": _arm("BBC micro:bit v2 (nRF52833)", "m4", _M4, 524_288, 131_072),
    "microbit-v1": _arm("BBC micro:bit v1 (nRF51822)", "m0", _M0, 262_144, 16_384),
    "bluepill": _arm("Blue Pill (STM32F103C8)", "portable", _M3, 65_536, 20_480),
    "nucleo-f411": _arm("Nucleo F411RE", "m4", _M4, 524_288, 131_072),
    "nucleo-l053": _arm("Nucleo L053R8", "m0", _M0, 65_536, 8_192),
    "nucleo-h743": _arm("Nucleo H743ZI", "m4", _M7, 2_097_152, 524_288),
    "esp32": Board("ESP32", "portable", None, (), 1_310_720, 327_680),
}


def board_of(name):
    """The board of that name.

    Raises
    ------
    UsageError
    """
    if name not in BOARDS:
        raise UsageError(f"--board {name}: choose from {', '.join(BOARDS)}")
    return BOARDS[name]
