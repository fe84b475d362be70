from datetime import UTC, date, datetime, timedelta

from rest_framework import serializers

from .models import Ticket
from .sessions import now

EPOCH = date(1970, 1, 1)


class Moment(serializers.Field):
    def to_representation(self, value):
        moment = datetime.fromtimestamp(value / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Day(serializers.DateField):
    def to_representation(self, value):
        return (EPOCH + timedelta(days=value)).isoformat()

    def to_internal_value(self, value):
        return (super().to_internal_value(value) - EPOCH).days


class TicketSerializer(serializers.ModelSerializer):
    subject = serializers.CharField(min_length=3, max_length=120)
    due = Day(allow_null=True, default=None)
    created = Moment(read_only=True)
    updated = Moment(read_only=True)

    class Meta:
        model = Ticket
        fields = [
            "id", "subject", "body", "priority", "status", "requester", "assignee", "due", "created", "updated",
            "version",
        ]
        read_only_fields = ["id", "status", "requester", "assignee", "version"]

    def validate(self, values):
        if values.get("priority") == "high" and values.get("due") is None:
            raise serializers.ValidationError({"due": "A high-priority ticket has a due date."})
        return values

    def create(self, values):
        moment = now()
        user = self.context["request"].user
        return Ticket.objects.create(requester=user, created=moment, updated=moment, **values)
