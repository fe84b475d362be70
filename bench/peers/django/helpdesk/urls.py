from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import views

router = SimpleRouter(trailing_slash=False)
router.register("tickets", views.Tickets, basename="ticket")
urlpatterns = [path("api/", include(router.urls)), path("tickets", views.page)]
