"""The Streamlit pages: what-ifs in the browser, each session simulating in a process of its own."""
