"""What the instrument's benchmark measures: steps, Jacobians, time, memory, growth."""
