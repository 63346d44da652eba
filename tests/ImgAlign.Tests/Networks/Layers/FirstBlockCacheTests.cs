using ImgAlign.Networks.Layers;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Layers;

public class FirstBlockCacheTests
{
    [Fact]
    public void Samples_that_change_little_are_skipped_and_those_that_change_are_not()
    {
        var before = LiveTensors.Count();
        using (var scope = NewDisposeScope())
        {
            using var cache = new FirstBlockCache(0.1);
            var (x, addition) = (randn(2, 3, 4), ones(2, 3, 4));
            Assert.Equal([0, 1], Changed(x, x + addition));
            Complete(x, x + addition, [0, 1], x + addition + 5);

            Assert.Empty(Changed(x * 2, x * 2 + addition * 1.05));
            var nearlyTheSame = x * 2 + addition * 1.05;
            AssertNear(nearlyTheSame + 5, Complete(x * 2, nearlyTheSame, [], nearlyTheSame.narrow(0, 0, 0)));

            // Of two samples, one changes: it alone is computed anew and remembered.
            var second = x + cat([addition.narrow(0, 0, 1), addition.narrow(0, 1, 1) * 1.2]);
            Assert.Equal([1], Changed(x, second));
            Assert.Equal([1], Changed(x, second)); // the other blocks have not run, so there is nothing new to go by
            var result = Complete(x, second, [1], second.narrow(0, 1, 1) + 1);
            AssertNear(cat([second.narrow(0, 0, 1) + 5, second.narrow(0, 1, 1) + 1]), result);
            Assert.Empty(Changed(x, second));
            AssertNear(result, Complete(x, second, [], second.narrow(0, 0, 0)));

            Assert.Equal([0], Changed(x, cat([second.narrow(0, 0, 1) * double.NaN, second.narrow(0, 1, 1)])));

            long[] Changed(Tensor input, Tensor output) => cache.Changed(input, output);
            Tensor Complete(Tensor input, Tensor output, long[] changed, Tensor ran) => cache.Complete(input, output, changed, ran);
            static void AssertNear(Tensor expected, Tensor actual) => Assert.True(expected.allclose(actual, 1e-5, 1e-5));
        }
        Assert.Equal(before, Tensor.TotalCount);
    }
}
