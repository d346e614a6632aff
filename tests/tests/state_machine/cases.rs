use std::{env, panic, thread};

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use crate::{
    known::known,
    machine::{InMemory, OnSqlite},
    plan::Plan,
    step::Step,
};

#[test]
fn whatever_happens_honest_devices_converge_and_the_removed_learn_nothing() {
    let cases = env::var("KEYFOLD_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    hold::<InMemory>(cases, cores());
}

/// Whether the storages in memory are like those is shown by programs that hold over either.
#[test]
fn over_the_real_storages_it_is_the_same() {
    // Most of the time they wait for a disk.
    hold::<OnSqlite>(CASES_ON_SQLITE, 4 * cores());
}

#[test]
fn what_went_wrong_once_does_not_again() {
    thread::scope(|scope| {
        for program in known() {
            let run = || InMemory::test_sequential(Config::default(), Plan::begun(), program, None);
            let ran = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).unwrap();
            ran.join().unwrap();
        }
    });
}

/// So many programs hold, by so many workers.
fn hold<M: StateMachineTest<Reference = Plan>>(cases: u32, workers: u32) {
    quietly();
    let workers: Vec<_> = (0..workers)
        .map(|number| {
            let share = cases / workers + u32::from(number < cases % workers);
            let worker = thread::Builder::new().name(WORKER.to_owned()).stack_size(STACK);
            worker.spawn(move || run::<M>(share, seed(number))).unwrap()
        })
        .collect();
    let failures: Vec<String> = workers.into_iter().filter_map(|worker| worker.join().unwrap()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// How the first program that failed is told, as short as it could be made.
fn run<M: StateMachineTest<Reference = Plan>>(cases: u32, rng_seed: RngSeed) -> Option<String> {
    let config = Config {
        cases,
        rng_seed,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(SEEDS))),
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config.clone());
    let failed = runner.run(&Plan::sequential_strategy(2..16), |(plan, steps, seen)| {
        M::test_sequential(config.clone(), plan, steps, seen);
        Ok(())
    });
    match failed.err()? {
        TestError::Fail(reason, (_, steps, _)) => Some(told(&reason.to_string(), &steps)),
        TestError::Abort(reason) => Some(reason.to_string()),
    }
}

/// The same programs each time, unless others are asked for: a change is judged by what it changes.
fn seed(worker: u32) -> RngSeed {
    match env::var("KEYFOLD_SEED") {
        Ok(seed) if seed == "new" => RngSeed::Random,
        Ok(seed) => RngSeed::Fixed(seed.parse::<u64>().unwrap() + u64::from(worker)),
        Err(_) => RngSeed::Fixed(u64::from(worker)),
    }
}

fn told(reason: &str, steps: &[Step]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| format!("  {step:?}\n")).collect();
    format!(
        "{reason}\nin the program\n{}with which every run begins from now on: its seed is in {SEEDS}. \
         Keep that, and put the program into known.rs",
        steps.concat()
    )
}

/// Of the many attempts to make a failure shorter nobody wants to hear.
fn quietly() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        if thread::current().name() != Some(WORKER) {
            loud(panicked);
        }
    }));
}

fn cores() -> u32 {
    u32::try_from(thread::available_parallelism().unwrap().get()).unwrap()
}

const CASES: u32 = 10_000;
const CASES_ON_SQLITE: u32 = 100;
/// Seeds of programs that failed once: each run begins with them.
const SEEDS: &str = "tests/state_machine/seeds.txt";
const WORKER: &str = "runs programs";
/// Unoptimised futures take a lot of it.
const STACK: usize = 32 * 1024 * 1024;
