"""The amount 件重体积 of an order: what its household said, and what a courier scanned instead."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dispatch.orders import Order, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    pieces: int
    weight_g: int
    volume_ml: int

    def restated(
        self,
        *,
        pieces: int | None = None,
        weight_g: int | None = None,
        volume_ml: int | None = None,
    ) -> Amount:
        """
        The amount with what is said anew in place.

        Weight and volume of which nothing is said go with the pieces, rounded up: as if all pieces were alike.
        """
        pieces = self.pieces if pieces is None else pieces
        return Amount(
            pieces=pieces,
            weight_g=-(-self.weight_g * pieces // self.pieces) if weight_g is None else weight_g,
            volume_ml=-(-self.volume_ml * pieces // self.pieces)
            if volume_ml is None
            else volume_ml,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a courier scanned of an order, where it is not what was said; None: as many pieces as that weigh."""

    order_id: OrderId
    pieces: int
    weight_g: int | None = None
    volume_ml: int | None = None

    def of(self, said: Amount) -> Amount:
        return said.restated(pieces=self.pieces, weight_g=self.weight_g, volume_ml=self.volume_ml)


def amount_of(order: Order) -> Amount:
    return Amount(pieces=order.pieces, weight_g=order.weight_g, volume_ml=order.volume_ml)


def with_amount(order: Order, amount: Amount) -> Order:
    return replace(
        order, pieces=amount.pieces, weight_g=amount.weight_g, volume_ml=amount.volume_ml
    )
