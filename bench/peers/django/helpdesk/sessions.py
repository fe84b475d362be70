import hashlib
import time

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission

from .models import Session


def now():
    return int(time.time() * 1000)


def user_of(request):
    header = request.META.get("HTTP_AUTHORIZATION")
    token = header.partition(" ")[2] if header else request.COOKIES.get("session")
    if not token:
        return None
    digest = hashlib.sha256(token.encode()).digest()
    session = Session.objects.select_related("user").filter(id_hash=digest, expires__gt=now()).first()
    return session and session.user


class SessionAuthentication(BaseAuthentication):
    def authenticate(self, request):
        user = user_of(request)
        if user is None:
            raise AuthenticationFailed
        return user, None

    def authenticate_header(self, request):
        return "Bearer"


class SignedIn(BasePermission):
    def has_permission(self, request, view):
        return request.user is not None
