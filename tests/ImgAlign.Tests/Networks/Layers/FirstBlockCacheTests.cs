using ImgAlign.Networks.Layers;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Layers;

public class FirstBlockCacheTests
{
    [Fact]
    public void What_changes_little_is_skipped_and_what_changes_is_not()
    {
        var before = LiveTensors.Count();
        using (var scope = NewDisposeScope())
        {
            using var cache = new FirstBlockCache(0.1);
            var (x, addition) = (randn(2, 3, 4), ones(2, 3, 4));
            Assert.Null(cache.TrySkip(x, x + addition));
            cache.Keep(x + addition + 5);

            Assert.Equal(0, (cache.TrySkip(x * 2, x * 2 + addition * 1.05)! - (x * 2 + addition * 1.05 + 5)).abs().max().item<float>(), 1e-5);
            var second = cat([addition.narrow(0, 0, 1), addition.narrow(0, 1, 1) * 1.2]);
            Assert.Null(cache.TrySkip(x, x + second));  // one sample is enough
            // The other blocks were not told to have run: there is nothing to go by.
            Assert.Null(cache.TrySkip(x, x + second));
            cache.Keep(x + second + 1);
            Assert.NotNull(cache.TrySkip(x, x + second));
        }
        Assert.Equal(before, Tensor.TotalCount);
    }
}
