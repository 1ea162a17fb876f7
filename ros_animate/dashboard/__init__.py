"""The live dashboard: a page in the browser that shows a running pipeline and steers it.

It is a process of its own and a client of topics, parameters and services alone: whatever happens
to it, the robot goes on. Imports NiceGUI, which is an optional dependency.
"""
