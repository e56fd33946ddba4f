"""The customers feed: the shop's database as Debezium reports it, delivered out of order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Literal

from medallion_assets.shop.generator.dice import Dice
from medallion_assets.shop.generator.plan import ShopPlan
from medallion_assets.shop.generator.records import CustomerChange, CustomerRow

_GIVEN = ("Ada", "Björn", "Chloé", "Dmitri", "Emine", "Farid", "Grace", "Hana", "Inés", "Jonas")
_FAMILY = ("Ångström", "Baker", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ito")
_COUNTRIES = ("DE", "DE", "ES", "FR", "GB", "JP", "NO", "SE", "US", "US")
# Log positions: far enough apart that a day's changes never reach the next day's.
_LSN_PER_BATCH = 1 << 32
_LSN_STEP = 56


class CustomerKind(Enum):
    """What happens to a customer; each kind comes at least once a batch, room permitting."""

    REGULAR = "perhaps updated"
    DELETED = "deleted for good"
    RECREATED = "deleted, then created again"
    UPDATE_AFTER_DELETE = "deleted; an older update arrives in a later batch than the delete"
    CREATE_AFTER_UPDATE = "the insert arrives in a later batch than an update"


_SHARES = {
    CustomerKind.DELETED: 0.04,
    CustomerKind.RECREATED: 0.03,
    CustomerKind.UPDATE_AFTER_DELETE: 0.03,
    CustomerKind.CREATE_AFTER_UPDATE: 0.03,
}


@dataclass(frozen=True)
class _Commit:
    """A change that has no position in the log yet, and the batch it arrives in."""

    committed_at: datetime
    op: Literal["r", "c", "u", "d"]
    before: CustomerRow | None
    after: CustomerRow | None
    arrival: int

    @property
    def order(self) -> tuple[datetime, int]:
        row = self.after or self.before
        assert row is not None, "a change has a row before or after it"
        return self.committed_at, row.customer_id


def customers(plan: ShopPlan, number: int) -> list[CustomerChange]:
    """Return the change feed of a batch as it is written: the snapshot first, the rest shuffled."""
    arriving = [
        change
        for day in plan.recent(number)
        for arrival, change in _log(plan, day)
        if arrival == number
    ]
    snapshot = [change for change in arriving if change.op == "r"]
    changes = [change for change in arriving if change.op != "r"]
    return snapshot + plan.dice("customers", "file", number).shuffled(changes)


@lru_cache(maxsize=24)
def _log(plan: ShopPlan, day: int) -> tuple[tuple[int, CustomerChange], ...]:
    """Return the changes committed in a batch's day with their arrival, in commit order."""
    commits = [
        commit
        for birth in plan.recent(day)
        for commit in _commits(plan, birth)
        if plan.batch_of(commit.committed_at) == day
    ]
    return tuple(
        (
            commit.arrival,
            CustomerChange(
                op=commit.op,
                before=commit.before,
                after=commit.after,
                lsn=day * _LSN_PER_BATCH + rank * _LSN_STEP,
                transaction_id=day * 1_000_000 + rank,
                committed_at=commit.committed_at,
            ),
        )
        for rank, commit in enumerate(sorted(commits, key=lambda commit: commit.order), start=1)
    )


@lru_cache(maxsize=24)
def _commits(plan: ShopPlan, birth: int) -> tuple[_Commit, ...]:
    """Return all changes, also in later batches, of the customers first seen in a batch."""
    dice = plan.dice("customers", birth)
    commits: list[_Commit] = []
    if birth == 1:
        # A snapshot row is there before every change: it cannot arrive after an update.
        shares = dict(_SHARES)
        del shares[CustomerKind.CREATE_AFTER_UPDATE]
        kinds = dice.deal(plan.snapshot_customers, shares, CustomerKind.REGULAR)
        for customer_id, kind in enumerate(kinds, start=1):
            # All within ten minutes: the first change comes later.
            read_at = plan.midnight(1) + timedelta(seconds=customer_id % 600)
            commits += _life(plan, dice, _new_row(dice, customer_id, read_at), "r", kind)
    first_id = plan.customer_count(birth - 1) + 1
    kinds = dice.deal(plan.new_customers, _SHARES, CustomerKind.REGULAR)
    for customer_id, kind in enumerate(kinds, start=first_id):
        inserted_at = plan.midnight(birth) + timedelta(seconds=dice.between(3600, 86_399))
        commits += _life(plan, dice, _new_row(dice, customer_id, inserted_at), "c", kind)
    return tuple(commits)


def _life(
    plan: ShopPlan,
    dice: Dice,
    row: CustomerRow,
    first_op: Literal["r", "c"],
    kind: CustomerKind,
) -> list[_Commit]:
    commits = [_commit(plan, first_op, None, row)]
    if kind in (CustomerKind.UPDATE_AFTER_DELETE, CustomerKind.CREATE_AFTER_UPDATE):
        updates = 1
    else:
        updates = dice.pick((0, 0, 1, 2))
    for _ in range(updates):
        updated = _updated(dice, row)
        commits.append(_commit(plan, "u", row, updated))
        row = updated
    if kind is CustomerKind.CREATE_AFTER_UPDATE:
        commits[0] = replace(commits[0], arrival=commits[1].arrival + 1)
    elif kind is not CustomerKind.REGULAR:
        deleted_at = row.updated_at + _pause(dice)
        commits.append(_commit(plan, "d", row, None, deleted_at))
        if kind is CustomerKind.UPDATE_AFTER_DELETE:
            commits[-2] = replace(commits[-2], arrival=commits[-1].arrival + 1)
        if kind is CustomerKind.RECREATED:
            again = _new_row(dice, row.customer_id, deleted_at + _pause(dice))
            commits.append(_commit(plan, "c", None, again))
    return commits


def _commit(
    plan: ShopPlan,
    op: Literal["r", "c", "u", "d"],
    before: CustomerRow | None,
    after: CustomerRow | None,
    deleted_at: datetime | None = None,
) -> _Commit:
    committed_at = after.updated_at if after is not None else deleted_at
    assert committed_at is not None, "a delete says when"
    return _Commit(committed_at, op, before, after, plan.batch_of(committed_at))


def _pause(dice: Dice) -> timedelta:
    return timedelta(seconds=dice.between(600, 20 * 3600))


def _new_row(dice: Dice, customer_id: int, updated_at: datetime) -> CustomerRow:
    return CustomerRow(
        customer_id=customer_id,
        name=f"{dice.pick(_GIVEN)} {dice.pick(_FAMILY)}",
        email=_typed(dice, f"customer{customer_id}@shop.example"),
        country=dice.pick(_COUNTRIES),
        segment="business" if dice.chance(0.25) else "consumer",
        updated_at=updated_at,
    )


def _updated(dice: Dice, row: CustomerRow) -> CustomerRow:
    moved = replace(row, updated_at=row.updated_at + _pause(dice))
    choice = dice.below(3)
    if choice == 0:
        others = [country for country in _COUNTRIES if country != row.country]
        return replace(moved, country=dice.pick(others))
    if choice == 1:
        host = f"mail{dice.between(1, 99)}.example"
        return replace(moved, email=_typed(dice, f"customer{row.customer_id}@{host}"))
    return replace(moved, segment="consumer" if row.segment == "business" else "business")


def _typed(dice: Dice, email: str) -> str:
    """Return an email address the way people type it: at times in capitals, padded with blanks."""
    if dice.chance(0.6):
        return email
    return dice.pick((f"  {email} ", email.upper(), f" {email.title()}"))
