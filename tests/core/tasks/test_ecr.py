"""What an image of ECR is called on a machine without ECR."""

from __future__ import annotations

import pytest

from kecs.core.tasks.ecr import names

IMAGE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1"


def test_as_it_is_then_without_the_registry_then_in_another() -> None:
    assert names(IMAGE, None) == (IMAGE, "shop/web:1")
    assert names(IMAGE, "127.0.0.1:5000") == (IMAGE, "shop/web:1", "127.0.0.1:5000/shop/web:1")


@pytest.mark.parametrize(
    "image", ["nginx", "public.ecr.aws/nginx/nginx:1", "127.0.0.1:5000/web", "quay.io/a/b@sha256:0"]
)
def test_other_images_have_one_name(image: str) -> None:
    assert names(image, "127.0.0.1:5000") == (image,)
