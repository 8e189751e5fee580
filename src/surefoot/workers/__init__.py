"""Programs that the page starts in processes of their own, since they need torch and the page must not wait for it.

Each prints one JSON object a line: what it has done so far, and in the end what it has found or what is wrong.
"""
