from django.db import models


class User(models.Model):
    name = models.TextField()
    email = models.TextField(unique=True)
    role = models.TextField()

    is_authenticated = True

    class Meta:
        managed = False
        db_table = "user"


class Session(models.Model):
    id_hash = models.BinaryField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    expires = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "session"


class Ticket(models.Model):
    class Priority(models.TextChoices):
        LOW = "low"
        NORMAL = "normal"
        HIGH = "high"

    subject = models.CharField(max_length=120)
    body = models.TextField()
    priority = models.TextField(choices=Priority, default=Priority.NORMAL)
    status = models.TextField(default="open")
    requester = models.ForeignKey(User, on_delete=models.PROTECT, db_column="requester", related_name="+")
    assignee = models.ForeignKey(
        User, on_delete=models.SET_NULL, db_column="assignee", related_name="+", null=True, default=None
    )
    due = models.IntegerField(null=True, default=None)
    created = models.BigIntegerField()
    updated = models.BigIntegerField()
    version = models.IntegerField(default=1)

    class Meta:
        managed = False
        db_table = "ticket"
