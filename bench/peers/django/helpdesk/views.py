from datetime import UTC, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from rest_framework import mixins, viewsets
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from .models import Ticket
from .serializers import EPOCH, TicketSerializer
from .sessions import user_of


def readable(user):
    tickets = Ticket.objects.all()
    return tickets if user.role == "agent" else tickets.filter(requester=user)


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "per_page"
    max_page_size = 200

    def get_paginated_response(self, data):
        page = self.page
        return Response(
            {"items": data, "page": page.number, "per_page": page.paginator.per_page, "total": page.paginator.count}
        )


class Tickets(
    mixins.CreateModelMixin, mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet
):
    serializer_class = TicketSerializer
    pagination_class = Pages

    def get_queryset(self):
        tickets = readable(self.request.user).order_by("id")
        status = self.request.query_params.get("status")
        return tickets.filter(status=status) if status else tickets

    def retrieve(self, request, *args, **kwargs):
        ticket = self.get_object()
        return Response(self.get_serializer(ticket).data, headers={"ETag": f'"{ticket.version}"'})

    def get_success_headers(self, data):
        return {"Location": f"/api/tickets/{data['id']}"}


def page(request):
    user = user_of(request)
    if user is None:
        return HttpResponse(status=401)
    tickets = readable(user).filter(status=request.GET.get("status")).select_related("requester").order_by("id")
    rows = [
        {
            "ticket": ticket,
            "due": "" if ticket.due is None else EPOCH + timedelta(days=ticket.due),
            "created": datetime.fromtimestamp(ticket.created / 1000, UTC).isoformat(timespec="milliseconds"),
        }
        for ticket in tickets[:50]
    ]
    return render(request, "tickets.html", {"rows": rows, "count": tickets.count()})
