using System.Runtime.Intrinsics.X86;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Layers;

public class WideGemmTests
{
    [Theory]
    [InlineData(32, 48, 1)]
    [InlineData(1, 49, 7)]
    [InlineData(77, 100, 513)]
    [InlineData(640, 48, 1024)]
    [InlineData(1030, 61, 96)]
    public unsafe void Equals_libtorchs_product(int m, int n, int k)
    {
        if (!Avx512F.IsSupported)
            return; // never chosen there
        using var scope = NewDisposeScope();
        var (x, weight, bias, y) = (randn(m, k), randn(n, k), randn(n), empty(m, n));
        fixed (
            byte* xData = x.bytes,
                weightData = weight.bytes,
                biasData = bias.bytes,
                yData = y.bytes
        )
            WideGemm.Multiply((float*)xData, (float*)weightData, (float*)biasData, (float*)yData, m, n, k, threads: 2);
        var expected = nn.functional.linear(x.to(float64), weight.to(float64), bias.to(float64));
        Assert.True(y.to(float64).allclose(expected, rtol: 1e-5, atol: 1e-5 * Math.Sqrt(k)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_uses_it_unless_its_options_say_otherwise(bool use)
    {
        using var device = new DeviceRuntime(new RuntimeOptions { UseWideGemm = use, Threads = 1 });
        Assert.Equal(use && WideGemm.IsFasterThanLibTorch, WideProducts.AreUsed(device));
        Assert.Equal(
            !WideProducts.AreUsed(device),
            await device.RunAsync(() =>
            {
                using var scope = NewDisposeScope();
                var (x, weight) = (randn(640, 1024), randn(1024, 1024));
                return LinearProduct.Apply(x, weight, null).equal(nn.functional.linear(x, weight)).all().item<bool>();
            })
        );
    }
}
