"""The small offline model: weights fetched once and checked, then llama.cpp's server in a child process."""
