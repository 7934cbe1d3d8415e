.PHONY: run test lint bench docs shots
run test lint bench docs shots:
	python3 dev.py $@
