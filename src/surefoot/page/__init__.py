"""The page: a local web page over recorded runs, those that are running among them. It never imports torch.

`surefoot page` serves it. A run's curves come as least, mean and greatest of buckets of steps, new points as they are
written; it reads what other processes write and writes nothing but titles, and what is deleted goes to a bin first.
"""
