"""What a decoder is asked for: the fields to read and the rules of reading."""

from collections.abc import Mapping

from msgspec import Struct

from asaql.model import Kind


class Projection(Struct, frozen=True):
    """The parts of an event that a query needs.

    Attributes:
        fields: Pairs of the slot that receives a value and its path in the event, such as
            `("i.a.b", ("a", "b"))`. Names match the event's keys without regard to case: the key spelled as in the
            path if the event has it, else the first key of the event that differs in case only.
        record_slot: The slot that receives the whole event as a record, in its own spelling and order; None if no one
            asks for it.
    """

    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    record_slot: str | None = None


class ReadOptions(Struct, frozen=True):
    """The rules by which bytes become values.

    Attributes:
        level: Compatibility level, `1.0`, `1.1` or `1.2`. Below 1.2 a boolean is read as bigint 1 or 0; at 1.0 names
            become lower case, events with names that differ in case only are dropped, and text that holds an ISO 8601
            date with a time becomes a datetime.
        declared: Columns of CREATE TABLE with their kinds, None if the input has no declaration. Events with a value
            that does not fit are dropped.
        delimiter: CSV only: the one character between two values.
        has_header: CSV only: whether the first record holds the names; without, they are those of `declared`, else
            `column1`, `column2` and so on.
    """

    level: str = "1.2"
    declared: Mapping[str, Kind] | None = None
    delimiter: str = ","
    has_header: bool = True

    @property
    def has_bit(self) -> bool:
        """Whether booleans are of kind bit."""
        return self.level not in ("1.0", "1.1")

    @property
    def lowers_names(self) -> bool:
        """Whether the rules of level 1.0 hold: names in lower case, datetimes found in text."""
        return self.level == "1.0"
