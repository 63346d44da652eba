using ImgAlign.Training.Optimization;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training;

public class MemoryOrderTests
{
    [Theory]
    [InlineData("number")]
    [InlineData("matrix")]
    [InlineData("transposed")]
    [InlineData("channels last")]
    [InlineData("a dimension of one")]
    [InlineData("part of another")]
    public void A_row_is_the_memory_of_a_tensor_and_has_its_shape_again(string layout)
    {
        using var scope = NewDisposeScope();
        var tensor = Make(layout);
        var row = MemoryOrder.Row(tensor);
        Assert.Equal([tensor.numel()], row.shape);
        Assert.Equal(Enumerable.Range(0, (int)tensor.numel()).Select(static index => (float)index), row.data<float>().ToArray());
        var again = MemoryOrder.Shape(row, tensor);
        Assert.Equal(tensor.shape, again.shape);
        Assert.True(again.eq(tensor).all().item<bool>());
        row.zero_();
        Assert.Equal(0, tensor.abs().sum().item<float>());
    }

    [Fact]
    public void Memory_with_gaps_is_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => MemoryOrder.Row(zeros(4, 4).narrow(1, 0, 2)));
    }

    private static Tensor Count(int count) => TensorMath.Range(count).to(float32);

    private static Tensor Make(string layout) =>
        layout switch
        {
            "number" => zeros([]),
            "matrix" => Count(12).view(3, 4),
            "transposed" => Count(12).view(3, 4).t(),
            "channels last" => Count(2 * 3 * 4 * 5).view(2, 4, 5, 3).permute(0, 3, 1, 2),
            "a dimension of one" => Count(6).view(2, 1, 3).transpose(0, 1),
            _ => TensorMath.Range(6, start: -2).to(float32).narrow(0, 2, 6),
        };
}
