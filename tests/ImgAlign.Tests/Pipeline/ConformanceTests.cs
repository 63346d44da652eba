using ImgAlign.Testing;
using ImgAlign.Testing.Reference;

namespace ImgAlign.Tests.Pipeline;

public class ConformanceTests
{
    [Fact]
    public void The_colour_world_conforms()
    {
        using var world = new ColourWorld();
        Assert.Empty(BackboneConformance.Check(world.Backbone));
    }
}
