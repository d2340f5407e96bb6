# The first command in a fresh clone may be any of these; what it needs is got and built first, once.
.DEFAULT_GOAL := help
.PHONY: help venv lock lab-packages lint test demo conformance load chaos campaign soak simulate-soak mutants clean

VENV := .venv
BIN := $(VENV)/bin

help:           ## this list
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

venv: $(VENV)/requirements.lock  ## the virtual environment, built again only when requirements.lock changes

# A copy of the lock, put there last, says that the venv is whole and which lock it was built from.
$(VENV)/requirements.lock: requirements.lock pyproject.toml
	@if cmp -s requirements.lock $@; then touch $@; else .ci/venv; fi

lock: venv      ## requirements.lock made again from pyproject.toml (gets pip-tools)
	.ci/lock

lab-packages: venv  ## Asterisk, Redis, SIPp and flite for the lab, where the system has none
	@$(BIN)/ccd lab get

lint: venv      ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint lab-packages  ## everything a change must pass, on a real Asterisk and Redis too
	$(BIN)/pytest

demo: lab-packages  ## eight callers, five agents, a real Asterisk; KEEP=1 leaves the lab up
	$(BIN)/ccd demo $(if $(KEEP),--keep)

conformance: lab-packages  ## the same scripts on every switch, the same transcripts: SWITCH=simulated|asterisk|freeswitch|all, FREESWITCH_PREFIX=...
	$(if $(FREESWITCH_PREFIX),FREESWITCH_PREFIX=$(FREESWITCH_PREFIX) )$(BIN)/python -m tests.conformance $(if $(SWITCH),--switch $(SWITCH)) $(if $(ONLY),--only $(ONLY))

load: lab-packages  ## 600 recorded calls at 5 a second, tones checked on both sides
	$(BIN)/python -m benchmarks.load

chaos: lab-packages  ## daemon, links, Redis, Asterisk and disks harmed under live calls; QUICK=1, SEED=1, ONLY="kill -9"
	$(BIN)/python -m benchmarks.chaos $(if $(QUICK),--quick) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only "$(ONLY)")

campaign: lab-packages  ## 1,000 contacts dialled for 20 agents, the daemon killed five times; CONTACTS=, AGENTS=, KILLS=, SEED=
	$(BIN)/python -m benchmarks.campaign $(if $(AGENTS),--agents $(AGENTS)) $(if $(CONTACTS),--contacts $(CONTACTS)) $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

soak: lab-packages  ## MINUTES=30 at 5 calls a second: memory, handles, threads and bytes a call stay flat
	$(BIN)/python -m benchmarks.soak $(if $(MINUTES),--minutes $(MINUTES))

simulate-soak: venv  ## CALLS=1000000 simulated calls from SEED=1 on, faults on, every rule checked at every event
	$(BIN)/python -m ccd.cli.soak $(if $(CALLS),--calls $(CALLS)) $(if $(SEED),--seed $(SEED))

mutants: venv   ## SAMPLE=300 mutants of ccd/core, chosen by SEED=1, against its tests: at least 90 % killed; ONLY=ccd.core.talk
	$(BIN)/python -m tests.mutants $(if $(SEED),--seed $(SEED)) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(ONLY),--only $(ONLY))

bench-%: lab-packages  ## bench-queue, bench-wire, bench-route, bench-engine, bench-dialler, bench-contacts: both sides of a ratio in one run
	$(BIN)/python -m benchmarks.$*

# Virtual time: nothing of the lab is needed.
bench-dialler: venv
	$(BIN)/python -m benchmarks.dialler $(if $(SEED),--seed $(SEED)) $(if $(QUICK),--quick) $(if $(WORKERS),--workers $(WORKERS))

bench-contacts: venv
	$(BIN)/python -m benchmarks.contacts $(if $(SEED),--seed $(SEED)) $(if $(CONTACTS),--contacts $(CONTACTS))

# What the event socket is measured against asks for other releases than ccd does, so it has a venv of its own.
bench-wire: $(VENV)/peers/peers.lock

$(VENV)/peers/peers.lock: benchmarks/peers.lock | venv
	rm -rf $(VENV)/peers
	$(BIN)/python -m venv --without-pip $(VENV)/peers
	$(BIN)/python -m pip --python $(VENV)/peers/bin/python install --quiet --disable-pip-version-check \
	    --require-hashes --no-deps -r $<
	cp $< $@

clean:          ## away with the venv, caches and the lab's packages
	rm -rf $(VENV) .lab .mypy_cache .ruff_cache .pytest_cache .hypothesis
