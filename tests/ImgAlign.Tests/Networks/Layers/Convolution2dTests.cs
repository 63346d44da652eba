using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Layers;

public class Convolution2dTests
{
    // Shapes for which oneDNN is wrong in one order of memory or the other.
    [Theory]
    [InlineData(2, 24, 24, 8, 3, 1)]
    [InlineData(3, 40, 8, 5, 3, 2)]
    [InlineData(1, 1920, 1280, 4, 1, 1)]
    [InlineData(1, 3, 32, 28, 14, 14)]
    public void Agrees_with_double_precision(int batch, int inputs, int outputs, int size, int kernel, int stride)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var padding = kernel == 3 ? 1 : 0;
        using var layer = new Convolution2d(inputs, outputs, kernel, CPU, stride, padding);
        layer.Weight.copy_(randn(layer.Weight.shape) / Math.Sqrt(inputs * kernel * kernel));
        layer.Bias!.copy_(randn(outputs));
        var x = randn(batch, inputs, size, size);
        var expected = nn.functional.conv2d(
            x.to(float64),
            layer.Weight.to(float64),
            layer.Bias.to(float64),
            strides: [stride, stride],
            padding: [padding, padding]
        );
        Assert.True(layer.call(x).to(float64).allclose(expected, rtol: 1e-4, atol: 1e-4));
        layer.to(bfloat16);
        Assert.True(layer.call(x.to(bfloat16)).to(float64).allclose(expected, rtol: 0.03, atol: 0.1));
    }
}
