using ImgAlign.Networks.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Layers;

public class LinearProductTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 1e-4)]
    [InlineData(ScalarType.BFloat16, 0)]
    public void Is_libtorchs_product_in_every_type(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (randn(2, 40, 512).to(type), randn(520, 512).to(type), randn(520).to(type));
        var y = LinearProduct.Apply(x, weight, bias);
        Assert.Equal((type, 3), (y.dtype, y.shape.Length));
        Assert.True(y.allclose(nn.functional.linear(x, weight, bias), rtol: tolerance, atol: tolerance));
    }

    [Fact]
    public void Takes_inputs_in_any_order_of_memory_and_rows_of_a_larger_weight()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(512, 96).t(), randn(600, 512)[20..580]);
        Assert.True(LinearProduct.Apply(x, weight, null).allclose(nn.functional.linear(x, weight), rtol: 1e-4, atol: 1e-4));
    }

    [Fact]
    public void Can_be_trained()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(64, 512), randn(512, 512, requires_grad: true));
        LinearProduct.Apply(x, weight, null).sum().backward();
        Assert.True(weight.grad!.allclose(x.sum([0L]).expand(512, 512), rtol: 1e-4, atol: 1e-4));
    }

    [Fact]
    public void Leaves_nothing_but_its_result()
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (randn(64, 512), randn(512, 512), randn(512));
        var live = LiveTensors.Count();
        using (LinearProduct.Apply(x, weight, bias))
            Assert.Equal(live + 1, Tensor.TotalCount);
        Assert.Equal(live, Tensor.TotalCount);
    }
}
