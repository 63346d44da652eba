using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.Tests.Sampling;

public sealed class SeedSequenceTests
{
    // The numbers that SplitMix64's reference implementation (Vigna, 2015) gives for this seed.
    [Fact]
    public void Seeds_are_those_of_SplitMix64() =>
        Assert.Equal(
            [6457827717110365317, 3203168211198807973, 9817491932198370423],
            Enumerable.Range(0, 3).Select(static place => (ulong)SeedSequence.At(1234567, place))
        );

    // ShapeWorld's data sets are named by their seeds: a sample must never become another.
    [Fact]
    public void Samples_of_the_world_draw_the_same_numbers_as_ever()
    {
        var (first, fourth) = (new SceneRandom(5, 0), new SceneRandom(5, 3));
        Assert.Equal<ulong>([11157894748350407620, 12250443249954107478], [first.Next(), first.Next()]);
        Assert.Equal<ulong>([10260880903183579810, 1721348497634335000], [fourth.Next(), fourth.Next()]);
    }
}
