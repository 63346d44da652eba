using ImgAlign.Testing;
using ImgAlign.Testing.Reference;

namespace ImgAlign.Tests.Pipeline;

public class ConformanceTests
{
    [Fact]
    public void The_colour_world_conforms() => Assert.Empty(BackboneConformance.Check(new ColourBackbone()));
}
