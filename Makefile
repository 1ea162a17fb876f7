# The first call of any target sets everything up (some minutes); later ones check it in a blink.
# PYTHON=/path/to/python chooses the interpreter, ARGS=… is passed on.

ifeq ($(PYTHON),)
START := python3
else
START := $(PYTHON)
export PYTHON
endif
BIN := .venv/bin
# Variables of the installed ROS that was sourced at set-up; none with ROS from wheels.
ROS := . .venv/environment.sh &&
# Tests of nodes wait for most of their time, so one more runs than there are processors.
PYTEST := $(ROS) $(BIN)/python -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1))
DEMO := output/demo
# Of `make live`: a camera, a video, topic:/NAME …
SOURCE := demo
ROBOT := mock

.PHONY: help setup demo live test test-slow lint bench clean
.NOTPARALLEL:

help:
	@echo 'make demo       a virtual Ameca imitates an animated face; images in $(DEMO)'
	@echo 'make live       the same live, in the browser (SOURCE=device for a camera, ROBOT=name)'
	@echo 'make test       all tests but the slow ones  (ARGS="-k bezier -x" is passed to pytest)'
	@echo 'make test-slow  those that take minutes'
	@echo 'make lint       ruff, mypy, codespell, the layers'
	@echo 'make bench      the figures of docs/benchmarks.md'
	@echo 'make setup      .venv and the ROS package, which the others call for themselves'
	@echo 'make clean      removes all that make made'

setup:
	@command -v $(START) >/dev/null || { \
	  echo 'set-up: error: $(START) not found: apt install python3 python3-venv python3-dev' >&2; \
	  exit 1; }
	@$(START) scripts/bootstrap.py

demo: setup
	$(ROS) $(BIN)/ros_animate retarget --source demo --duration 5 --offline --output $(DEMO) $(ARGS)
	@echo 'Look at $(DEMO)/side_by_side.mp4 (driving face, animated portrait, robot)'
	@echo 'and $(DEMO)/controls.png (the commands to the motors).'

test: setup
	$(PYTEST) --dist worksteal -m 'not slow' $(ARGS)

test-slow: setup
	$(PYTEST) --dist loadfile -m slow $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/lint-imports --no-logo

# They take hours, or a folder to go on in.
LONG_BENCHMARKS := ablation prepare_faults soak streaming_training x2face
bench: setup
	@set -e; $(ROS) for script in $(filter-out $(LONG_BENCHMARKS:%=benchmarks/%.py),$(wildcard benchmarks/*.py)); do \
	  echo "== $$script"; $(BIN)/python $$script $(ARGS); done

live: setup
	$(ROS) $(BIN)/ros_animate retarget --source $(SOURCE) \
	  $(if $(filter demo,$(SOURCE)),--loop) --robot $(ROBOT) --dashboard $(ARGS)

clean:
	rm -rf .venv build install log output *.egg-info .import_linter_cache
