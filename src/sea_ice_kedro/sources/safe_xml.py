"""A metadata file of a SAFE product, with errors that name it."""

import math
from typing import NoReturn
from xml.etree import ElementTree

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.sources.safe_files import Product


class XmlFile:
    """One XML file: the first element of a name is the one that is meant."""

    def __init__(self, product: Product, name: str) -> None:
        """Read it.

        Args:
            product: The folder or zip that it is in.
            name: Below the `.SAFE` folder.

        Raises:
            InvalidScene: if it is missing, or no XML.
        """
        self.place = f"{product.path.name}, {name}"
        """Its name in messages."""

        self.product = product
        try:
            self.root = ElementTree.fromstring(product.read(name))
        except ElementTree.ParseError as error:
            raise InvalidScene(
                f"{self.place}: expected XML, got {error}; the product is damaged: "
                "download it again"
            ) from error

    def text(self, *tags: str) -> str:
        """Return the text of the first element of a name, or of its older names."""
        for tag in tags:
            for element in self.root.iter(tag):
                return (element.text or "").strip()
        self.fail(f"<{tags[0]}>", "none")

    def number(self, *tags: str) -> float:
        """Return the number in the first element of a name, or of its older names."""
        return self.as_number(tags[0], self.text(*tags))

    def as_number(self, tag: str, text: str | None) -> float:
        """Read a number."""
        try:
            number = float(text or "")
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"a number in <{tag}>", repr(text))
        return number

    def as_whole_number(self, tag: str, text: str | None) -> int:
        """Read a number that has no fraction: of pixels, or metres of a corner."""
        number = self.as_number(tag, text)
        if not number.is_integer():
            self.fail(f"a whole number in <{tag}>", repr(text))
        return int(number)

    def fail(self, expected: str, got: str, way_out: str = "") -> NoReturn:
        """Raise an error that names what is not as expected."""
        raise InvalidScene(
            f"{self.place}: expected {expected}, got {got}; "
            + (way_out or "is it ESA's own product, and complete? Download it again")
        )
