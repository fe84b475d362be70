"""The helpdesk by hand: the same tables, the same policy, the same answers as the generated one on the four measured
paths. Written as the documentation of Django and of Django REST framework recommends."""
