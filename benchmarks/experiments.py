"""Does looking daily fool the experiments? 1,000 without effect, and real rises, over 30 days."""

from random import Random

from agent_core.experiments import ENOUGH, Look, evidence

DAYS, SIZE = 30, 100


def main() -> None:
    random = Random(20261103)  # noqa: S311 - the same experiments each time
    for rate in (0.02, 0.05, 0.5):
        called = sum(_ever_called(random, rate, rate) for _ in range(1000))
        print(f"no effect at {rate:.0%}: {called} of 1000 ever called a success ({called / 10:.1f} %)")
    found = sum(_ever_called(random, 0.05, 0.08) for _ in range(300))
    print(f"a rise from 5 % to 8 %, {SIZE} a day and arm: {found / 3:.0f} % found within {DAYS} days")


def _ever_called(random: Random, control: float, variant: float) -> bool:
    days = (_day(random, control, variant) for _ in range(DAYS))
    return max(evidence(days)) >= ENOUGH


def _day(random: Random, control: float, variant: float) -> Look:
    return Look(
        control_hits=sum(random.random() < control for _ in range(SIZE)),
        control_trials=SIZE,
        variant_hits=sum(random.random() < variant for _ in range(SIZE)),
        variant_trials=SIZE,
    )


if __name__ == "__main__":
    main()
