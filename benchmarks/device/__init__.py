"""What exported int8 nets cost on emulated cores; see `benchmarks/README.md`."""
