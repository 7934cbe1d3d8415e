"""The only streamlit room: typed session state, controls, layout, live pictures."""
