"""What ties the models to a real Redis: it is started, driven and compared with them, and its costs are fitted."""
