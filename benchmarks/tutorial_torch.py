"""The structure of PyTorch's DCGAN example: modules, `.backward()` for each loss, Adam.

https://github.com/pytorch/examples/tree/main/dcgan: real and generated images in passes of their
own, the generated batch of the discriminator's update used again for the generator's, and three
numbers read from the device in each step. No average, torch's usual memory format.
"""

import torch
from torch import nn


def tutorial(gan, recipe, images):
    """A function that trains for one round."""
    generator, discriminator = NETWORKS[recipe.architecture.name]()
    batch, size = recipe.training.batch, gan.sampler.latent_shape[0]
    real_images = torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    loss_fn = nn.BCEWithLogitsLoss()
    adam = {"lr": 2e-4, "betas": (0.5, 0.999)}
    d_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)
    g_optimizer = torch.optim.Adam(generator.parameters(), **adam)
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)

    def train():
        for real in real_images.contiguous().split(batch):
            discriminator.zero_grad()
            output = discriminator(real)
            real_loss = loss_fn(output, ones)
            real_loss.backward()
            fake = generator(torch.randn(batch, size))
            fake_output = discriminator(fake.detach())
            fake_loss = loss_fn(fake_output, zeros)
            fake_loss.backward()
            d_optimizer.step()
            generator.zero_grad()
            g_loss = loss_fn(discriminator(fake), ones)
            g_loss.backward()
            g_optimizer.step()
            _ = (real_loss + fake_loss).item(), g_loss.item(), output.mean().item()

    return train


def dcgan():
    """The networks of 64x64 images."""
    up, down = [], []
    for i, o in ((512, 256), (256, 128), (128, 64)):
        layer = nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False)
        up += [layer, nn.BatchNorm2d(o), nn.ReLU(inplace=True)]
    for i, o in ((64, 128), (128, 256), (256, 512)):
        layer = nn.Conv2d(i, o, 4, 2, 1, bias=False)
        down += [layer, nn.BatchNorm2d(o), nn.LeakyReLU(0.2, inplace=True)]
    generator = nn.Sequential(
        nn.Unflatten(1, (100, 1, 1)),
        nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU(True),
        *up, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True), *down,
        nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Flatten(),
    )  # fmt: skip
    return generator, discriminator


def fashion():
    """The networks of 28x28 garments."""
    generator = nn.Sequential(
        nn.Linear(32, 6272), nn.Unflatten(1, (128, 7, 7)), nn.BatchNorm2d(128),
        nn.ConvTranspose2d(128, 64, 5, 2, 2, 1), nn.SELU(), nn.BatchNorm2d(64),
        nn.ConvTranspose2d(64, 1, 5, 2, 2, 1), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        nn.Conv2d(1, 64, 5, 2, 2), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Conv2d(64, 128, 5, 2, 2), nn.LeakyReLU(0.2), nn.Dropout(0.4),
        nn.Flatten(), nn.Linear(6272, 1),
    )  # fmt: skip
    return generator, discriminator


NETWORKS = {"dcgan": dcgan, "dcgan-fashion-mnist": fashion}
